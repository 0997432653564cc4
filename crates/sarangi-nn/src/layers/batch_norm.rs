//! The batch normalisation layer.

use candle_core::{Tensor, Var};
use sarangi_core::{During, Result};

use crate::{Init, Mode, Params, Value, batch_norm_eval, batch_norm_shared, batch_norm_train};

/// The numbers of a [`BatchNorm`]; the default is torch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormSpec {
    /// Added to the variance.
    pub eps: f64,
    /// The share of the batch's statistics in the new running statistics.
    pub momentum: f64,
}

impl Default for BatchNormSpec {
    fn default() -> Self {
        Self {
            eps: 1e-5,
            momentum: 0.1,
        }
    }
}

/// Batch normalisation over (batch, channels) or (batch, channels, height, width);
/// `torch.nn.BatchNorm1d` and `BatchNorm2d`.
///
/// In training it uses the batch's statistics and moves `running_mean` and `running_var` (unbiased)
/// towards them; in evaluation, and always where it was made [frozen](crate::Params::frozen) or its
/// `running_mean` is [held](crate::Params::holding) by name, it uses the running ones and leaves
/// them.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Var,
    running_var: Var,
    spec: BatchNormSpec,
    still: bool,
}

impl BatchNorm {
    /// Makes the layer at `params`: scale 1, shift 0, running mean 0 and variance 1.
    ///
    /// # Errors
    /// As [`Params::weight`].
    pub fn new(params: &Params, channels: usize, spec: BatchNormSpec) -> Result<Self> {
        Ok(Self {
            weight: params.weight("weight", channels, Init::Const(1.0))?,
            bias: params.weight("bias", channels, Init::Const(0.0))?,
            running_mean: params.buffer("running_mean", channels, Init::Const(0.0))?,
            running_var: params.buffer("running_var", channels, Init::Const(1.0))?,
            spec,
            still: !params.moves("running_mean"),
        })
    }

    /// (batch, channels, …) → the same shape.
    ///
    /// # Errors
    /// As [`batch_norm_train`] and [`batch_norm_eval`].
    pub fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let Self {
            weight,
            bias,
            running_mean,
            running_var,
            spec,
            still,
        } = self;
        if *still || !mode.is_train() {
            return batch_norm_eval(xs, weight, bias, running_mean, running_var, spec.eps);
        }
        let (ys, mean, variance) = match mode {
            Mode::TrainShare(_, share) => batch_norm_shared(xs, weight, bias, spec.eps, share)?,
            _ => batch_norm_train(xs, weight, bias, spec.eps)?,
        };
        for (running, batch) in [(running_mean, mean), (running_var, variance)] {
            (running.as_tensor() * (1.0 - spec.momentum))
                .and_then(|kept| kept + (batch * spec.momentum)?)
                .and_then(|moved| running.set(&moved))
                .during("batch_norm")?;
        }
        Ok(ys)
    }
}
