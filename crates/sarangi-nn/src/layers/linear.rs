//! The fully connected layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Init, Params, Value, linear};

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
        let shape = [outputs, inputs];
        Ok(Self {
            weight: params.weight("weight", &shape, Init::FanInUniform)?,
            bias: params.weight("bias", outputs, Init::bias_of(&shape))?,
        })
    }

    /// (batch, in) → (batch, out).
    ///
    /// # Errors
    /// As [`linear`].
    pub fn forward(&self, xs: &Value) -> Result<Value> {
        linear(xs, &self.weight, Some(&self.bias))
    }
}
