//! Kaldi's mel-frequency cepstral coefficients.

use std::f64::consts::PI;

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, dct_matrix};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::kaldi::fbank::Bands;
use crate::matrix::product_into;
use crate::{ChannelFeature, KaldiFbankSpec, KaldiFrames};

const NAME: &str = "kaldi_mfcc";

/// Kaldi's mel-frequency cepstral coefficients, with the names and defaults of
/// `torchaudio.compliance.kaldi.mfcc` without dither.
///
/// The orthonormal DCT-II of [`KaldiFbankSpec`]'s logarithms, row k times 1 + Q/2 · sin(πk/Q) with
/// Q = `cepstral_lifter`. Proved by `kaldi_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/kaldi-mfcc.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KaldiMfccSpec {
    /// Coefficients, 1 to `num_mel_bins`. Default 13.
    pub num_ceps: usize,
    /// How the higher rows are scaled up; 0 for not. Default 22.
    pub cepstral_lifter: f64,
    /// Whether the first row is the logarithm of the energy instead. Default false.
    pub use_energy: bool,
    /// Bands, 4 to 4096. Default 23.
    pub num_mel_bins: usize,
    /// Lowest frequency in Hz. Default 20.
    pub low_freq: f64,
    /// Highest frequency in Hz; 0 or less is so far below half the sampling rate. Default 0.
    pub high_freq: f64,
    /// The frames.
    #[serde(flatten)]
    pub frames: KaldiFrames,
}

impl Default for KaldiMfccSpec {
    fn default() -> Self {
        let fbank = KaldiFbankSpec::default();
        Self {
            num_ceps: 13,
            cepstral_lifter: 22.0,
            use_energy: false,
            num_mel_bins: fbank.num_mel_bins,
            low_freq: fbank.low_freq,
            high_freq: fbank.high_freq,
            frames: fbank.frames,
        }
    }
}

impl KaldiMfccSpec {
    /// Kaldi's defaults.
    pub fn kaldi() -> Self {
        Self::default()
    }
}

impl Spec<SampleRate> for KaldiMfccSpec {
    type Built = KaldiMfcc;

    fn build(&self, rate: SampleRate) -> Result<KaldiMfcc> {
        let fbank = KaldiFbankSpec {
            num_mel_bins: self.num_mel_bins,
            low_freq: self.low_freq,
            high_freq: self.high_freq,
            frames: self.frames.clone(),
            ..KaldiFbankSpec::default()
        };
        let bands = fbank.plan(NAME, rate)?;
        within(NAME, "num_ceps", self.num_ceps, 1..=self.num_mel_bins)?;
        let lifter = self.cepstral_lifter;
        within(NAME, "cepstral_lifter", lifter, 0.0..=1e6)?;
        let mut basis = dct_matrix(self.num_ceps, self.num_mel_bins);
        if lifter > 0.0 {
            for (k, mut row) in basis.outer_iter_mut().enumerate() {
                row *= (1.0 + lifter / 2.0 * (PI * k as f64 / lifter).sin()) as f32;
            }
        }
        Ok(KaldiMfcc {
            bands,
            basis,
            energy: self.use_energy,
            scratch: Pool::new(Default::default),
        })
    }
}

/// Planned Kaldi coefficients: (num_ceps, frames).
#[derive(Debug)]
pub struct KaldiMfcc {
    bands: Bands,
    basis: Array2<f32>,
    energy: bool,
    /// The bands and the energies.
    scratch: Pool<(Vec<f32>, Vec<f32>)>,
}

impl ChannelFeature for KaldiMfcc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn rate(&self) -> SampleRate {
        self.bands.rate()
    }

    fn bins(&self) -> usize {
        self.basis.nrows()
    }

    fn frames(&self, samples: usize) -> usize {
        self.bands.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(NAME, out, self.bins(), frames)?;
        self.scratch.with(|(bands, energies)| {
            bands.resize(self.bands.bands() * frames, 0.0);
            energies.resize(frames, 0.0);
            self.bands.compute(samples, bands, energies)?;
            product_into(&self.basis, bands, frames, out)?;
            if self.energy {
                out[..frames].copy_from_slice(energies);
            }
            Ok(())
        })
    }
}

features_of_channels!(KaldiMfcc);
