//! The maximum pooling layer.

use sarangi_core::Result;

use crate::{Geometry2d, Value, max_pool2d};

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
            window: Geometry2d::square(kernel).stride(kernel),
        }
    }

    /// (batch, channels, height, width) → (batch, channels, height′, width′).
    ///
    /// # Errors
    /// As [`max_pool2d`].
    pub fn forward(&self, xs: &Value) -> Result<Value> {
        max_pool2d(xs, self.window)
    }
}
