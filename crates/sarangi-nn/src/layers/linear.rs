//! The fully connected layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Init, Params, linear};

/// A matrix product with its `weight` and `bias`; `torch.nn.Linear`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Makes the layer at `params`, its parameters begun as torch begins them.
    ///
    /// # Errors
    /// As [`Params::weight`].
    pub fn new(params: &Params, inputs: usize, outputs: usize) -> Result<Self> {
        let init = Init::FanInUniform { fan_in: inputs };
        Ok(Self {
            weight: params.weight("weight", (outputs, inputs), init)?,
            bias: params.weight("bias", outputs, init)?,
        })
    }

    /// (batch, in) → (batch, out).
    ///
    /// # Errors
    /// As [`linear`].
    pub fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        linear(xs, &self.weight, &self.bias)
    }
}
