//! Random changes that keep the label.

use crate::{Result, Rng};

/// A random change of a training example that leaves its label true.
///
/// All randomness comes from the generator given, so the same generator state gives the same bits.
pub trait Augment<T>: Send + Sync {
    /// Changes one example.
    ///
    /// # Errors
    /// Whatever the change cannot accept, as an [`Error`](crate::Error) that says why.
    fn augment(&self, input: T, rng: &mut Rng) -> Result<T>;
}
