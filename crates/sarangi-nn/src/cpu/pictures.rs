//! The shape of a batch inside the engine.

/// A batch of pictures, channels last: value (n, y, x, c) lies at
/// `((n · height + y) · width + x) · channels + c`. A batch of vectors is one of 1 × 1 pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pictures {
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Pictures {
    /// Values of one row of one picture.
    pub(crate) fn row(&self) -> usize {
        self.width * self.channels
    }

    /// Values of one picture.
    pub(crate) fn image(&self) -> usize {
        self.height * self.row()
    }

    /// Pixels of the whole batch.
    pub(crate) fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Values of the whole batch.
    pub(crate) fn len(&self) -> usize {
        self.pixels() * self.channels
    }

    /// How many whole pixels, at least one, have about `values` values.
    pub(crate) fn pixels_per(&self, values: usize) -> usize {
        (values / self.channels.max(1)).max(1)
    }
}
