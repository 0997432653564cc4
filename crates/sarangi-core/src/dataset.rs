//! Examples by index.

use crate::Result;

/// A finite collection of examples that any thread may read.
pub trait Dataset: Send + Sync {
    /// One example.
    type Item;

    /// How many examples there are.
    fn len(&self) -> usize;

    /// Reads the example at `index`.
    ///
    /// # Errors
    /// If the example cannot be read, or `index` is not below [`len`](Dataset::len).
    fn get(&self, index: usize) -> Result<Self::Item>;

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
