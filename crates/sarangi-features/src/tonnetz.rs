//! Tonal centroids.

use std::f64::consts::PI;

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::matrix::product_into;
use crate::{ChannelFeature, ChromaCqt, ChromaCqtSpec, FrameNorm};

/// Each frame's place in the space of fifths, minor and major thirds (Harte et al. 2006), with the
/// names and defaults of `librosa.feature.tonnetz`, which passes its settings on to `chroma_cqt`.
///
/// Sine and cosine of each circle weigh the classes of constant-Q chroma, divided by their sum:
/// radius 1 and 7/6 turns a class for fifths, 1 and 3/2 for minor thirds, ½ and 2/3 for major
/// thirds. Proved by `chroma_cqt_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/tonnetz.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TonnetzSpec(pub ChromaCqtSpec);

/// Planned tonal centroids: (6, frames).
#[derive(Debug)]
pub struct Tonnetz {
    chroma: ChromaCqt,
    basis: Array2<f32>,
}

impl Spec<SampleRate> for TonnetzSpec {
    type Built = Tonnetz;

    fn build(&self, rate: SampleRate) -> Result<Tonnetz> {
        let chroma = self.0.build(rate)?;
        let classes = chroma.bins();
        let circles = [(1.0, 7.0 / 6.0), (1.0, 3.0 / 2.0), (0.5, 2.0 / 3.0)];
        let weight = |(row, class): (usize, usize)| {
            let (radius, turns) = circles[row / 2];
            let place = turns * 12.0 * class as f64 / classes as f64;
            // A sine is a cosine a quarter of a turn late.
            let late = if row.is_multiple_of(2) { 0.5 } else { 0.0 };
            (radius * (PI * (place - late)).cos()) as f32
        };
        Ok(Tonnetz {
            chroma,
            basis: Array2::from_shape_fn((6, classes), weight),
        })
    }
}

impl ChannelFeature for Tonnetz {
    fn name(&self) -> &'static str {
        "tonnetz"
    }

    fn rate(&self) -> SampleRate {
        self.chroma.rate()
    }

    fn bins(&self) -> usize {
        self.basis.nrows()
    }

    fn frames(&self, samples: usize) -> usize {
        self.chroma.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        let mut chroma = vec![0.0; self.chroma.bins() * frames];
        self.chroma.compute_into(samples, &mut chroma)?;
        FrameNorm::L1.apply(&mut chroma, frames);
        product_into(&self.basis, &chroma, frames, out)
    }
}

features_of_channels!(Tonnetz);
