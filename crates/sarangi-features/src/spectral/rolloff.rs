//! The spectral roll-off.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::OfSpectrum;
use crate::Analysis;
use crate::channels::features_of_channels;
use crate::spectra::{BLOCK, Block, Spectra};

/// The frequency in Hz below which a share of each spectrum's magnitude lies, with the names and
/// defaults of `librosa.feature.spectral_rolloff`.
///
/// The first fₖ for which |X\[0\]| + … + |X\[k\]| ≥ roll_percent · Σ |X|. Proved by `spectral_*` in
/// the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-rolloff.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralRolloffSpec {
    /// The share, above 0 and below 1. Default 0.85.
    pub roll_percent: f64,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for SpectralRolloffSpec {
    fn default() -> Self {
        Self {
            roll_percent: 0.85,
            analysis: Analysis::default(),
        }
    }
}

/// A planned spectral roll-off in Hz: (1, frames).
#[derive(Debug)]
pub struct SpectralRolloff {
    spectra: Spectra,
    frequencies: Vec<f64>,
    share: f32,
}

impl Spec<SampleRate> for SpectralRolloffSpec {
    type Built = SpectralRolloff;

    fn build(&self, rate: SampleRate) -> Result<SpectralRolloff> {
        let share = self.roll_percent;
        if !(share > 0.0 && share < 1.0) {
            let reason = format!("must lie between 0 and 1, got {share}");
            return Err(Error::config("spectral_rolloff", "roll_percent", reason));
        }
        let spectra = Spectra::precise(&self.analysis, rate)?;
        Ok(SpectralRolloff {
            frequencies: spectra.frequencies(),
            spectra,
            share: share as f32,
        })
    }
}

impl OfSpectrum for SpectralRolloff {
    fn name(&self) -> &'static str {
        "spectral_rolloff"
    }

    fn spectra(&self) -> &Spectra {
        &self.spectra
    }

    fn block(&self, magnitudes: Block<'_>, out: &mut [f32]) {
        // One bin after the other in single precision, as librosa adds them up: which bin is the
        // first may hang on the last digit.
        let mut sums = [0.0f32; BLOCK];
        for row in magnitudes.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let thresholds = sums.map(|sum| self.share * sum);
        let (mut sums, mut below) = ([0.0f32; BLOCK], [0usize; BLOCK]);
        for row in magnitudes.rows() {
            let counted = below.iter_mut().zip(&mut sums).zip(thresholds);
            for (((below, sum), threshold), x) in counted.zip(row) {
                *sum += x;
                *below += usize::from(*sum < threshold);
            }
        }
        for (y, below) in out.iter_mut().zip(below) {
            *y = self.frequencies.get(below).copied().unwrap_or(0.0) as f32;
        }
    }
}

features_of_channels!(SpectralRolloff);
