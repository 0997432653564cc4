//! What is beyond the edges of a map.

use serde::{Deserialize, Serialize};

/// What is beyond the edges of a map, by Keras's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillMode {
    /// The value at the edge.
    #[default]
    Nearest,
    /// The value `cval`.
    Constant,
}

impl FillMode {
    /// The value beyond the edges; none for that of the edge.
    pub(super) fn beyond(self, cval: f32) -> Option<f32> {
        match self {
            Self::Nearest => None,
            Self::Constant => Some(cval),
        }
    }
}

/// The largest magnitude of `cval`: more than any spectrogram has, and still a number that can be averaged.
pub(super) const CVAL: std::ops::RangeInclusive<f32> = -1e6..=1e6;
