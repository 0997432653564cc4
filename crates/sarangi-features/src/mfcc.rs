//! Mel-frequency cepstral coefficients.

use std::f64::consts::PI;

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft, dct_matrix};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::matrix::product_into;
use crate::of_power;
use crate::{Analysis, ChannelFeature, Decibels, LogMel, LogMelSpec, MelBands, OfPower};

/// MFCC, with the names and defaults of `librosa.feature.mfcc`.
///
/// The orthonormal DCT-II of the mel spectrogram in decibels, its first `n_mfcc` rows; with a
/// lifter L row k (from 1) times 1 + L/2 · sin(πk/L). Here `norm` is the scaling of the mel filters
/// (librosa's `mel_norm`, which is read too). Proved by `cepstra_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/mfcc.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MfccSpec {
    /// Coefficients, 1 to `n_mels`. Default 20.
    pub n_mfcc: usize,
    /// The lifter, 0 for none. Default 0.
    pub lifter: f64,
    /// The scale.
    #[serde(flatten)]
    pub decibels: Decibels,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for MfccSpec {
    fn default() -> Self {
        Self {
            n_mfcc: 20,
            lifter: 0.0,
            decibels: Decibels::default(),
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl MfccSpec {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// The defaults of `torchaudio.transforms.MFCC`.
    pub fn torchaudio() -> Self {
        Self {
            n_mfcc: 40,
            bands: MelBands::torchaudio(),
            analysis: Analysis::torchaudio(),
            ..Self::default()
        }
    }
}

impl Spec<SampleRate> for MfccSpec {
    type Built = Mfcc;

    fn build(&self, rate: SampleRate) -> Result<Mfcc> {
        let log_mel = LogMelSpec {
            power: 2.0,
            decibels: self.decibels.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
        }
        .build(rate)?;
        within("mfcc", "n_mfcc", self.n_mfcc, 1..=self.bands.n_mels)?;
        within("mfcc", "lifter", self.lifter, 0.0..=1e6)?;
        let mut basis = dct_matrix(self.n_mfcc, self.bands.n_mels);
        if self.lifter > 0.0 {
            for (k, mut row) in basis.outer_iter_mut().enumerate() {
                let angle = PI * (k + 1) as f64 / self.lifter;
                row *= (1.0 + self.lifter / 2.0 * angle.sin()) as f32;
            }
        }
        Ok(Mfcc {
            log_mel,
            basis,
            scratch: Pool::new(Vec::new),
        })
    }
}

/// Planned mel-frequency cepstral coefficients: (n_mfcc, frames).
#[derive(Debug)]
pub struct Mfcc {
    log_mel: LogMel,
    basis: Array2<f32>,
    scratch: Pool<Vec<f32>>,
}

impl Mfcc {
    pub(crate) fn log_mel(&self) -> &LogMel {
        &self.log_mel
    }

    /// The coefficients of a log-mel map.
    ///
    /// # Shapes
    /// `log_mel` is row-major (n_mels, `frames`), `out` row-major (n_mfcc, `frames`).
    pub(crate) fn of_log_mel(&self, log_mel: &[f32], frames: usize, out: &mut [f32]) -> Result<()> {
        product_into(&self.basis, log_mel, frames, out)
    }
}

impl ChannelFeature for Mfcc {
    fn name(&self) -> &'static str {
        "mfcc"
    }

    fn rate(&self) -> SampleRate {
        self.log_mel.rate()
    }

    fn bins(&self) -> usize {
        self.basis.nrows()
    }

    fn frames(&self, samples: usize) -> usize {
        self.log_mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            self.log_mel.compute_into(samples, log_mel)?;
            self.of_log_mel(log_mel, frames, out)
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Mfcc {
    fn stft(&self) -> &Stft {
        self.log_mel.mel().stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            self.log_mel.compute_of_power(power, log_mel)?;
            self.of_log_mel(log_mel, frames, out)
        })
    }
}

features_of_channels!(Mfcc);
