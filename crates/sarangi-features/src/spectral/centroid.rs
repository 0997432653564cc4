//! The spectral centroid.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::OfSpectrum;
use crate::Analysis;
use crate::channels::features_of_channels;
use crate::spectra::{BLOCK, Block, Spectra};

/// The centre of gravity of each spectrum in Hz, with the names and defaults of
/// `librosa.feature.spectral_centroid`.
///
/// Σₖ fₖ · |X\[k\]| / Σₖ |X\[k\]|; 0 for silence. Proved by `spectral_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-centroid.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralCentroidSpec {
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// A planned spectral centroid in Hz: (1, frames).
#[derive(Debug)]
pub struct SpectralCentroid {
    spectra: Spectra,
    frequencies: Vec<f64>,
}

impl Spec<SampleRate> for SpectralCentroidSpec {
    type Built = SpectralCentroid;

    fn build(&self, rate: SampleRate) -> Result<SpectralCentroid> {
        let spectra = Spectra::precise(&self.analysis, rate)?;
        Ok(SpectralCentroid {
            frequencies: spectra.frequencies(),
            spectra,
        })
    }
}

impl OfSpectrum for SpectralCentroid {
    fn name(&self) -> &'static str {
        "spectral_centroid"
    }

    fn spectra(&self) -> &Spectra {
        &self.spectra
    }

    fn block(&self, magnitudes: Block<'_>, out: &mut [f32]) {
        let centroids = centroids(&magnitudes, &self.frequencies);
        for (y, centroid) in out.iter_mut().zip(centroids) {
            *y = centroid as f32;
        }
    }
}

features_of_channels!(SpectralCentroid);

/// The centroid of each frame of a block.
pub(super) fn centroids(magnitudes: &Block<'_>, frequencies: &[f64]) -> [f64; BLOCK] {
    let (mut sums, mut moments) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (row, &frequency) in magnitudes.rows().zip(frequencies) {
        let sums = sums.iter_mut().zip(&mut moments);
        for ((sum, moment), &x) in sums.zip(row) {
            let x = f64::from(x);
            *sum += x;
            *moment += frequency * x;
        }
    }
    for (moment, sum) in moments.iter_mut().zip(sums) {
        *moment = share(*moment, sum);
    }
    moments
}

/// The quotient; 0 of silence.
pub(super) fn share(part: f64, sum: f64) -> f64 {
    if sum >= f64::from(f32::MIN_POSITIVE) {
        part / sum
    } else {
        0.0
    }
}
