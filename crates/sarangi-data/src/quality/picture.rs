//! What is measured of a picture.

use ndarray::Array3;
use serde::Serialize;

use super::{FindingKind, QualitySpec};

/// What was measured of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PictureQuality {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// How far the lightest pixel is from the darkest, 0 to 1.
    pub contrast: f64,
}

/// Less contrast than two of 255 steps shows nothing.
const BLANK: f64 = 2.0 / 255.0;

impl PictureQuality {
    /// Measures a picture, (channels, height, width), whose values are 0 to 1.
    pub fn of(pixels: &Array3<f32>) -> Self {
        let (_, height, width) = pixels.dim();
        let (low, high) = pixels.iter().fold((1.0f32, 0.0f32), |(low, high), &x| {
            (low.min(x), high.max(x))
        });
        Self {
            width,
            height,
            contrast: f64::from((high - low).max(0.0)),
        }
    }

    /// What is odd about it on its own.
    pub(super) fn findings(&self, _: &QualitySpec) -> Vec<(FindingKind, String)> {
        match self.contrast <= BLANK {
            true => vec![(FindingKind::Blank, "shows one colour only".to_owned())],
            false => Vec::new(),
        }
    }
}
