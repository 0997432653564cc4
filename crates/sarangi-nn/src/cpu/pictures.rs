//! The shape of a batch inside the engine.

use sarangi_core::{Error, Result};

/// A batch of pictures, channels last: value (n, y, x, c) lies at
/// `((n · height + y) · width + x) · channels + c`. A batch of vectors is one of 1 × 1 pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pictures {
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

/// The most values a batch may have. No memory holds as many, and no product of sizes up to it
/// overflows.
const MOST: usize = 1 << 40;

impl Pictures {
    /// These sizes, unless there is no counting their values.
    pub(crate) fn checked(self, op: &'static str) -> Result<Self> {
        let sizes = [self.batch, self.height, self.width, self.channels];
        let product = |a: usize, size: &usize| a.checked_mul((*size).max(1));
        match sizes.iter().try_fold(1, product) {
            Some(0..=MOST) => Ok(self),
            _ => {
                let [batch, height, width, channels] = sizes;
                let got = format_args!("({batch}, {channels}, {height}, {width})");
                Err(Error::shape(op, format_args!("at most {MOST} values"), got))
            }
        }
    }

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
