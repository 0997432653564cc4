//! Chroma energy normalised statistics.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Window;
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::constant_q::cqt::C1;
use crate::{ChannelFeature, ChromaCqt, ChromaCqtSpec, FrameNorm};

/// Shares of a frame's sum from which on a class counts one step more.
const STEPS: [f32; 4] = [0.4, 0.2, 0.1, 0.05];

/// Chroma that hears the harmony and not the dynamics (Müller et al. 2005), with the names and
/// defaults of `librosa.feature.chroma_cens`; row 0 is C.
///
/// Constant-Q chroma, each frame divided by its sum, quantised in four steps, smoothed over time and
/// scaled. Proved by `chroma_cqt_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/chroma-cens.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChromaCensSpec {
    /// Samples between frames. Default 512.
    pub hop_length: usize,
    /// The lowest pitch in Hz. Default C1, 32.7 Hz.
    pub fmin: f64,
    /// Distance from A = 440 Hz in bins; `None` to estimate it. Default `None`.
    pub tuning: Option<f64>,
    /// Pitch classes per octave. Default 12.
    pub n_chroma: usize,
    /// Octaves above `fmin`. Default 7.
    pub n_octaves: usize,
    /// Bins per octave of the transform, a multiple of `n_chroma`. Default 36.
    pub bins_per_octave: usize,
    /// Scaling of each frame at the end. Default by the root of its sum of squares.
    pub norm: FrameNorm,
    /// Frames of the smoothing, 1 to 65,536; `None` for none. Default 41.
    pub win_len_smooth: Option<usize>,
    /// The window of the smoothing. Default Hann.
    pub smoothing_window: Window,
}

impl Default for ChromaCensSpec {
    fn default() -> Self {
        Self {
            hop_length: 512,
            fmin: C1,
            tuning: None,
            n_chroma: 12,
            n_octaves: 7,
            bins_per_octave: 36,
            norm: FrameNorm::L2,
            win_len_smooth: Some(41),
            smoothing_window: Window::Hann,
        }
    }
}

/// Planned chroma energy normalised statistics: (n_chroma, frames).
#[derive(Debug)]
pub struct ChromaCens {
    chroma: ChromaCqt,
    norm: FrameNorm,
    /// The smoothing's weights, which sum to 1.
    window: Vec<f32>,
}

impl Spec<SampleRate> for ChromaCensSpec {
    type Built = ChromaCens;

    fn build(&self, rate: SampleRate) -> Result<ChromaCens> {
        let window = match self.win_len_smooth {
            Some(len) => {
                within("chroma_cens", "win_len_smooth", len, 1..=1 << 16)?;
                let window = self.smoothing_window.symmetric(len + 2);
                let sum: f64 = window.iter().sum();
                window.iter().map(|w| (w / sum) as f32).collect()
            }
            None => vec![1.0],
        };
        let chroma = ChromaCqtSpec {
            hop_length: self.hop_length,
            fmin: self.fmin,
            norm: FrameNorm::L1,
            tuning: self.tuning,
            n_chroma: self.n_chroma,
            n_octaves: self.n_octaves,
            bins_per_octave: self.bins_per_octave,
            ..ChromaCqtSpec::default()
        };
        Ok(ChromaCens {
            chroma: chroma.build(rate)?,
            norm: self.norm,
            window,
        })
    }
}

impl ChannelFeature for ChromaCens {
    fn name(&self) -> &'static str {
        "chroma_cens"
    }

    fn rate(&self) -> SampleRate {
        self.chroma.rate()
    }

    fn bins(&self) -> usize {
        self.chroma.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.chroma.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.chroma.compute_into(samples, out)?;
        let mut steps = vec![0.0; frames];
        for row in out.chunks_exact_mut(frames) {
            for (step, &x) in steps.iter_mut().zip(&*row) {
                let passed = STEPS.iter().filter(|&&least| x > least).count();
                *step = 0.25 * passed as f32;
            }
            smooth(&steps, &self.window, row);
        }
        self.norm.apply(out, frames);
        Ok(())
    }
}

features_of_channels!(ChromaCens);

/// The convolution with a window around each value; beyond the ends are zeros.
fn smooth(values: &[f32], window: &[f32], out: &mut [f32]) {
    // For an even window the middle is the later of the two, as in scipy.ndimage.convolve.
    let before = (window.len() - 1) / 2;
    out.fill(0.0);
    for (shift, w) in window.iter().enumerate() {
        // out[t] gets values[t + shift − before]; a symmetric window need not be turned round.
        let (from, to) = (shift.saturating_sub(before), before.saturating_sub(shift));
        let pairs = out.iter_mut().skip(to).zip(values.iter().skip(from));
        pairs.for_each(|(y, x)| *y += w * x);
    }
}
