//! The dropout layer.

use sarangi_core::Result;

use crate::{Mode, Value, dropout, dropout_shared};

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
    pub fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        match mode {
            Mode::Eval => Ok(xs.clone()),
            Mode::Train(rng) => dropout(xs, self.p, rng),
            Mode::TrainShare(rng, share) => dropout_shared(xs, self.p, rng, share),
        }
    }
}
