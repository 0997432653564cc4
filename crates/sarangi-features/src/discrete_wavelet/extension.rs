//! What stands beyond the ends of a signal that is decomposed.

use serde::{Deserialize, Serialize};

/// What a filter sees beyond the ends, by PyWavelets' names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extension {
    /// The signal mirrored, the last value repeated; PyWavelets' default.
    #[default]
    Symmetric,
    /// The signal mirrored at its last value.
    Reflect,
    /// Zeros.
    Zero,
    /// The last value again and again.
    Constant,
    /// The signal again and again, as many coefficients as with the others.
    Periodic,
    /// The signal again and again, an odd one with its last value repeated, and no coefficients but
    /// those needed: half as many as samples, rounded up.
    Periodization,
}

impl Extension {
    /// Where the value at `index` of a signal of `len` samples, at least 1, is found; `None` means
    /// zero.
    pub(crate) fn source(self, index: isize, len: usize) -> Option<usize> {
        let size = len as isize;
        let inside = match self {
            Self::Zero => return usize::try_from(index).ok().filter(|&i| i < len),
            Self::Constant => index.clamp(0, size - 1),
            Self::Periodic => index.rem_euclid(size),
            Self::Periodization => index.rem_euclid(size + size % 2).min(size - 1),
            Self::Symmetric => {
                let folded = index.rem_euclid(2 * size);
                folded.min(2 * size - 1 - folded)
            }
            Self::Reflect if len == 1 => 0,
            Self::Reflect => {
                let folded = index.rem_euclid(2 * (size - 1));
                folded.min(2 * (size - 1) - folded)
            }
        };
        Some(inside as usize)
    }
}
