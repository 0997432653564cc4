//! The constant-Q transform.

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Complex32, Window};
use serde::{Deserialize, Serialize};

use super::ConstantQ;
use super::design::Design;
use super::tuned::Tuned;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::{ChannelFeature, FrameNorm};

/// C1, the lowest bin of librosa's transforms, in Hz.
pub(crate) const C1: f64 = 32.703_195_662_574_83;

/// The magnitude of the constant-Q transform, `abs(librosa.cqt(y, …))`, with its names and defaults:
/// bin k is at fmin · 2^((k + tuning) / bins_per_octave) Hz.
///
/// The octaves below the highest are heard at half the rate of the one before, through soxr's own
/// filter ([`Halve`](sarangi_dsp::Halve)). Proved by `constant_q_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/cqt.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CqtSpec {
    /// Samples between frames. Default 512.
    pub hop_length: usize,
    /// The lowest bin in Hz. Default C1, 32.7 Hz.
    pub fmin: f64,
    /// Bins, 1 to 4096. Default 84.
    pub n_bins: usize,
    /// Bins per octave, 1 to 1200. Default 12.
    pub bins_per_octave: usize,
    /// Distance from `fmin` in bins; `None` to estimate it for each sound to a hundredth of a bin.
    /// Default 0.
    pub tuning: Option<f64>,
    /// Length of the filters; less hears more in time and less in pitch. Default 1.
    pub filter_scale: f64,
    /// Scaling of each filter. Default by the sum of its magnitudes, `l1`.
    pub norm: FrameNorm,
    /// The share of each filter's spectrum, by magnitude, that is left out. Default 0.01.
    pub sparsity: f64,
    /// The window of the filters. Default Hann.
    pub window: Window,
    /// Whether each bin is divided by the root of its filter's length. Default true.
    pub scale: bool,
}

impl Default for CqtSpec {
    fn default() -> Self {
        Self {
            hop_length: 512,
            fmin: C1,
            n_bins: 84,
            bins_per_octave: 12,
            tuning: Some(0.0),
            filter_scale: 1.0,
            norm: FrameNorm::L1,
            sparsity: 0.01,
            window: Window::Hann,
            scale: true,
        }
    }
}

impl CqtSpec {
    /// All but the tuning.
    pub(crate) fn design(&self, name: &'static str) -> Design {
        Design {
            name,
            hop_length: self.hop_length,
            fmin: self.fmin,
            n_bins: self.n_bins,
            bins_per_octave: self.bins_per_octave,
            tuning: 0.0,
            filter_scale: self.filter_scale,
            norm: self.norm,
            sparsity: self.sparsity,
            window: self.window,
            scale: self.scale,
            gamma: Some(0.0),
        }
    }
}

impl Spec<SampleRate> for CqtSpec {
    type Built = Cqt;

    fn build(&self, rate: SampleRate) -> Result<Cqt> {
        Tuned::new(self.design("cqt"), self.tuning, rate, ConstantQ::new).map(Cqt)
    }
}

/// A planned constant-Q transform: (n_bins, frames).
#[derive(Debug)]
pub struct Cqt(Tuned);

impl Cqt {
    /// The complex transform of one channel, (n_bins, frames), as `librosa.cqt`.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound is empty.
    pub fn complex(&self, samples: &[f32]) -> Result<Array2<Complex32>> {
        self.0.of(samples)?.complex(self.name(), samples)
    }
}

super::features_of_constant_q!(Cqt, "cqt");
