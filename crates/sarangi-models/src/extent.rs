//! The sizes of picture that a network takes.

use std::fmt;

use sarangi_core::{Error, Result};
use sarangi_nn::Value;

/// One side of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    AtLeast(usize),
    Exactly(usize),
}

impl Side {
    fn takes(self, size: usize) -> bool {
        match self {
            Self::AtLeast(least) => size >= least,
            Self::Exactly(exact) => size == exact,
        }
    }
}

/// Bins and frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent(pub(crate) [Side; 2]);

impl Extent {
    pub(crate) fn at_least(size: usize) -> Self {
        Self([Side::AtLeast(size); 2])
    }

    pub(crate) fn exactly([bins, frames]: [usize; 2]) -> Self {
        Self([Side::Exactly(bins), Side::Exactly(frames)])
    }

    /// Refuses what is not (batch, `channels`, bins, frames) of this size with at least one item.
    pub(crate) fn check(self, network: &'static str, xs: &Value, channels: usize) -> Result<()> {
        match *xs.dims() {
            [batch, c, bins, frames]
                if batch > 0
                    && c == channels
                    && self.0[0].takes(bins)
                    && self.0[1].takes(frames) =>
            {
                Ok(())
            }
            ref got => Err(Error::shape(
                network,
                format_args!("(batch, {channels}, bins, frames) with {self}"),
                format_args!("{got:?}"),
            )),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [Side::AtLeast(bins), Side::AtLeast(frames)] if bins == frames => {
                write!(f, "bins and frames at least {bins}")
            }
            [bins, frames] => write!(f, "bins {bins}, frames {frames}"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(size) => write!(f, "at least {size}"),
            Self::Exactly(size) => write!(f, "{size}"),
        }
    }
}
