//! The spectral bandwidth.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::OfSpectrum;
use super::centroid::{centroids, share};
use crate::Analysis;
use crate::channels::features_of_channels;
use crate::check::within;
use crate::spectra::{BLOCK, Block, Spectra};

/// How far each spectrum spreads around its [centroid](crate::SpectralCentroidSpec) in Hz, with the
/// names and defaults of `librosa.feature.spectral_bandwidth`.
///
/// (Σₖ sₖ · |fₖ − centroid|^p)^(1/p), where sₖ = |X\[k\]| / Σ |X|, or |X\[k\]| itself without
/// `norm`. Proved by `spectral_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-bandwidth.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralBandwidthSpec {
    /// The power to which deviations are raised, 0.1 to 8. Default 2.
    pub p: f64,
    /// Whether each spectrum is divided by its sum. Default true.
    pub norm: bool,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for SpectralBandwidthSpec {
    fn default() -> Self {
        Self {
            p: 2.0,
            norm: true,
            analysis: Analysis::default(),
        }
    }
}

/// A planned spectral bandwidth in Hz: (1, frames).
#[derive(Debug)]
pub struct SpectralBandwidth {
    spectra: Spectra,
    frequencies: Vec<f64>,
    p: f64,
    norm: bool,
}

impl Spec<SampleRate> for SpectralBandwidthSpec {
    type Built = SpectralBandwidth;

    fn build(&self, rate: SampleRate) -> Result<SpectralBandwidth> {
        within("spectral_bandwidth", "p", self.p, 0.1..=8.0)?;
        let spectra = Spectra::precise(&self.analysis, rate)?;
        Ok(SpectralBandwidth {
            frequencies: spectra.frequencies(),
            spectra,
            p: self.p,
            norm: self.norm,
        })
    }
}

impl OfSpectrum for SpectralBandwidth {
    fn name(&self) -> &'static str {
        "spectral_bandwidth"
    }

    fn spectra(&self) -> &Spectra {
        &self.spectra
    }

    fn block(&self, magnitudes: Block<'_>, out: &mut [f32]) {
        let centroids = centroids(&magnitudes, &self.frequencies);
        let (mut sums, mut moments) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (row, &frequency) in magnitudes.rows().zip(&self.frequencies) {
            let sums = sums.iter_mut().zip(&mut moments);
            for (((sum, moment), centroid), &x) in sums.zip(centroids).zip(row) {
                let (x, deviation) = (f64::from(x), (frequency - centroid).abs());
                *sum += x;
                *moment += x * match self.p {
                    2.0 => deviation * deviation,
                    p => deviation.powf(p),
                };
            }
        }
        for ((y, moment), sum) in out.iter_mut().zip(moments).zip(sums) {
            let moment = if self.norm {
                share(moment, sum)
            } else {
                moment
            };
            *y = moment.powf(1.0 / self.p) as f32;
        }
    }
}

features_of_channels!(SpectralBandwidth);
