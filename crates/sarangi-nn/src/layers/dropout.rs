//! The dropout layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Mode, dropout};

/// Dropout with probability `p`, off in evaluation; `torch.nn.Dropout`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability that a value is set to zero.
    pub p: f32,
}

impl Dropout {
    /// Any shape → the same shape.
    ///
    /// # Errors
    /// As [`dropout`].
    pub fn forward(&self, xs: &Tensor, mode: Mode<'_>) -> Result<Tensor> {
        match mode {
            Mode::Eval => Ok(xs.clone()),
            Mode::Train(rng) => dropout(xs, self.p, rng),
        }
    }
}
