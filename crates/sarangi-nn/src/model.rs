//! What every network is.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Mode, Value};

/// A network from a batch of feature maps to class scores.
///
/// # Shapes
/// Input (batch, channels, bins, frames), output (batch, classes). The scores are logits; log
/// probabilities are logits too, since `softmax(log_softmax(x)) = softmax(x)`.
pub trait Model: Send + Sync {
    /// Runs the network.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the input does not fit,
    /// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value>;

    /// The scores of a batch in evaluation mode, from tensor to tensor.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn predict(&self, xs: &Tensor) -> Result<Tensor> {
        self.forward(&Value::new(xs)?, Mode::Eval)?.tensor()
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        (**self).forward(xs, mode)
    }
}
