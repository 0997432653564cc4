//! From the tensor library's errors to ours.

use crate::{Error, Result};

/// Says what was being computed when the tensor library failed.
pub trait During<T> {
    /// Turns the tensor library's error into an [`Error::Backend`] of the operation `op`.
    ///
    /// # Errors
    /// The error there was, with its context.
    fn during(self, op: &'static str) -> Result<T>;
}

impl<T> During<T> for candle_core::Result<T> {
    fn during(self, op: &'static str) -> Result<T> {
        self.map_err(|e| Error::backend(op, e))
    }
}
