//! What every network is.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::Mode;

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
    fn forward(&self, xs: &Tensor, mode: Mode<'_>) -> Result<Tensor>;
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn forward(&self, xs: &Tensor, mode: Mode<'_>) -> Result<Tensor> {
        (**self).forward(xs, mode)
    }
}
