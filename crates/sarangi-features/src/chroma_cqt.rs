//! Chroma from the constant-Q transform.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::constant_q::cqt::C1;
use crate::{ChannelFeature, Cqt, CqtSpec, FrameNorm};

/// Chroma from the constant-Q transform, with the names and defaults of
/// `librosa.feature.chroma_cqt`; row 0 is C. Proved by `chroma_cqt_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/chroma-cqt.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChromaCqtSpec {
    /// Samples between frames. Default 512.
    pub hop_length: usize,
    /// The lowest pitch in Hz. Default C1, 32.7 Hz.
    pub fmin: f64,
    /// Scaling of each frame. Default by its maximum.
    pub norm: FrameNorm,
    /// Values below this become 0. Default 0.
    pub threshold: f64,
    /// Distance from A = 440 Hz in bins (of an octave of `bins_per_octave`); `None` to estimate it
    /// for each sound to a hundredth of a bin. Default `None`.
    pub tuning: Option<f64>,
    /// Pitch classes per octave. Default 12.
    pub n_chroma: usize,
    /// Octaves above `fmin`, 1 to 16. Default 7.
    pub n_octaves: usize,
    /// Bins per octave of the transform, a multiple of `n_chroma`. Default 36.
    pub bins_per_octave: usize,
}

impl Default for ChromaCqtSpec {
    fn default() -> Self {
        Self {
            hop_length: 512,
            fmin: C1,
            norm: FrameNorm::Inf,
            threshold: 0.0,
            tuning: None,
            n_chroma: 12,
            n_octaves: 7,
            bins_per_octave: 36,
        }
    }
}

/// A planned chroma from the constant-Q transform: (n_chroma, frames).
#[derive(Debug)]
pub struct ChromaCqt {
    spec: ChromaCqtSpec,
    transform: Cqt,
    /// The class of each bin of the transform.
    classes: Vec<usize>,
}

impl Spec<SampleRate> for ChromaCqtSpec {
    type Built = ChromaCqt;

    fn build(&self, rate: SampleRate) -> Result<ChromaCqt> {
        const NAME: &str = "chroma_cqt";
        within(NAME, "n_chroma", self.n_chroma, 1..=96)?;
        within(NAME, "n_octaves", self.n_octaves, 1..=16)?;
        within(NAME, "bins_per_octave", self.bins_per_octave, 1..=1200)?;
        within(NAME, "threshold", self.threshold, 0.0..=1e9)?;
        if !self.bins_per_octave.is_multiple_of(self.n_chroma) {
            let (bins, classes) = (self.bins_per_octave, self.n_chroma);
            let reason = format!("must be a multiple of n_chroma ({classes}), got {bins}");
            return Err(Error::config(NAME, "bins_per_octave", reason));
        }
        let transform = CqtSpec {
            hop_length: self.hop_length,
            fmin: self.fmin,
            n_bins: self.n_octaves * self.bins_per_octave,
            bins_per_octave: self.bins_per_octave,
            tuning: self.tuning,
            ..CqtSpec::default()
        };
        Ok(ChromaCqt {
            transform: transform.build(rate)?,
            classes: classes(self),
            spec: self.clone(),
        })
    }
}

/// The class of each bin: neighbouring bins are merged around the one that is in tune.
fn classes(spec: &ChromaCqtSpec) -> Vec<usize> {
    let (octave, count) = (spec.bins_per_octave, spec.n_chroma);
    let merged = octave / count;
    let lowest = (69.0 + 12.0 * (spec.fmin / 440.0).log2()).rem_euclid(12.0);
    let first = (lowest * count as f64 / 12.0).round_ties_even() as usize;
    let class = |bin: usize| ((bin + merged / 2) % octave / merged + first) % count;
    (0..spec.n_octaves * octave).map(class).collect()
}

impl ChannelFeature for ChromaCqt {
    fn name(&self) -> &'static str {
        "chroma_cqt"
    }

    fn rate(&self) -> SampleRate {
        self.transform.rate()
    }

    fn bins(&self) -> usize {
        self.spec.n_chroma
    }

    fn frames(&self, samples: usize) -> usize {
        self.transform.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        let mut magnitudes = vec![0.0; self.transform.bins() * frames];
        self.transform.compute_into(samples, &mut magnitudes)?;
        out.fill(0.0);
        for (row, &class) in magnitudes.chunks_exact(frames).zip(&self.classes) {
            let sums = &mut out[class * frames..][..frames];
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let threshold = self.spec.threshold as f32;
        for x in out.iter_mut().filter(|x| **x < threshold) {
            *x = 0.0;
        }
        self.spec.norm.apply(out, frames);
        Ok(())
    }
}

features_of_channels!(ChromaCqt);
