//! Fourier tempograms: how fast onsets come, in a sliding window.

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Complex32, Stft, StftSpec, Window};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::{Aggregate, Analysis, ChannelFeature, MelBands, Onset, OnsetSpec};

/// The longest window in frames.
const LONGEST: usize = 1 << 16;

/// The short-time Fourier transform of the onset strength, with the names and defaults of
/// `librosa.feature.fourier_tempogram`; `win_length` counts frames of the onset strength.
///
/// Row k is k · 60 · rate / (hop · win_length) beats per minute. As a feature its magnitude, which
/// has one frame more than the onset strength if centred; [`FourierTempogram::complex`] gives phases
/// too. Proved by `pulse_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/fourier-tempogram.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FourierTempogramSpec {
    /// Frames in a window, 2 to 65,536. Default 384.
    pub win_length: usize,
    /// The window over the onset strength. Default Hann.
    pub window: Window,
    /// Whether window t is centred on frame t of the onset strength. Default true.
    pub center: bool,
    /// Onset strength: from bands to one number. Default the mean.
    pub aggregate: Aggregate,
    /// Onset strength: samples per transform. Default 2048.
    pub n_fft: usize,
    /// Onset strength: samples between frames. Default 512.
    pub hop_length: usize,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
}

impl Default for FourierTempogramSpec {
    fn default() -> Self {
        Self {
            win_length: 384,
            window: Window::Hann,
            center: true,
            aggregate: Aggregate::Mean,
            n_fft: 2048,
            hop_length: 512,
            bands: MelBands::default(),
        }
    }
}

impl FourierTempogramSpec {
    /// The transform of the curve.
    pub(crate) fn transform(&self) -> StftSpec {
        StftSpec {
            n_fft: self.win_length,
            hop_length: Some(1),
            window: self.window,
            center: self.center,
            ..StftSpec::default()
        }
    }
}

impl Spec<SampleRate> for FourierTempogramSpec {
    type Built = FourierTempogram;

    fn build(&self, rate: SampleRate) -> Result<FourierTempogram> {
        within(
            "fourier_tempogram",
            "win_length",
            self.win_length,
            2..=LONGEST,
        )?;
        let onset = OnsetSpec {
            aggregate: self.aggregate,
            bands: self.bands.clone(),
            analysis: Analysis {
                n_fft: self.n_fft,
                hop_length: self.hop_length,
                ..Analysis::default()
            },
            ..OnsetSpec::default()
        };
        Ok(FourierTempogram {
            onset: onset.build(rate)?,
            stft: self.transform().build_precise()?,
            hop_length: self.hop_length,
        })
    }
}

/// A planned Fourier tempogram: (⌊win_length / 2⌋ + 1, frames + 1).
#[derive(Debug)]
pub struct FourierTempogram {
    onset: Onset,
    stft: Stft,
    hop_length: usize,
}

impl FourierTempogram {
    /// The complex tempogram of one channel, (rows, frames).
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound is too short for a frame.
    pub fn complex(&self, samples: &[f32]) -> Result<Array2<Complex32>> {
        self.stft.complex(&self.curve(samples)?)
    }

    /// The tempo of each row in beats per minute, `librosa.fourier_tempo_frequencies`.
    pub fn tempi(&self) -> Vec<f64> {
        let step = 60.0 * self.rate().as_f64() / (self.hop_length * self.stft.n_fft()) as f64;
        (0..self.bins()).map(|row| row as f64 * step).collect()
    }

    /// The onset strength.
    pub(crate) fn curve(&self, samples: &[f32]) -> Result<Vec<f32>> {
        let mut curve = vec![0.0; self.onset.frames(samples.len())];
        self.onset.compute_into(samples, &mut curve)?;
        Ok(curve)
    }

    pub(crate) fn of_curve(&self, curve: &[f32]) -> Result<Array2<Complex32>> {
        self.stft.complex(curve)
    }

    /// Frames of the onset strength.
    pub(crate) fn curve_len(&self, samples: usize) -> usize {
        self.onset.frames(samples)
    }
}

impl ChannelFeature for FourierTempogram {
    fn name(&self) -> &'static str {
        "fourier_tempogram"
    }

    fn rate(&self) -> SampleRate {
        self.onset.rate()
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.stft.frames(self.onset.frames(samples))
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, self.bins(), self.frames(samples.len()))?;
        for (y, x) in out.iter_mut().zip(&self.complex(samples)?) {
            *y = x.norm();
        }
        Ok(())
    }
}

features_of_channels!(FourierTempogram);
