//! The maximum pooling layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Geometry2d, max_pool2d};

/// Maximum pooling; `torch.nn.MaxPool2d`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool2d {
    /// Size and movement of the window.
    pub window: Geometry2d,
}

impl MaxPool2d {
    /// A square window that moves by its own size.
    pub fn square(kernel: usize) -> Self {
        Self {
            window: Geometry2d {
                stride: [kernel; 2],
                ..Geometry2d::new([kernel; 2])
            },
        }
    }

    /// (batch, channels, height, width) → (batch, channels, height′, width′).
    ///
    /// # Errors
    /// As [`max_pool2d`].
    pub fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        max_pool2d(xs, self.window)
    }
}
