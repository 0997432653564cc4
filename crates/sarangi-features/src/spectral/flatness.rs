//! The spectral flatness.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::OfSpectrum;
use crate::Analysis;
use crate::channels::features_of_channels;
use crate::check::within;
use crate::decibels::decibels;
use crate::spectra::{BLOCK, Block, Spectra};

/// How much each spectrum is like noise (1) or like a tone (near 0), with the names and defaults of
/// `librosa.feature.spectral_flatness`.
///
/// The geometric mean of max(amin, |X\[k\]|^power) over the arithmetic one. Proved by `spectral_*`
/// in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-flatness.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralFlatnessSpec {
    /// The least value that is counted, 1e-30 to 1e6. Default 1e-10.
    pub amin: f64,
    /// Exponent of the magnitude, 0.01 to 3. Default 2.
    pub power: f64,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for SpectralFlatnessSpec {
    fn default() -> Self {
        Self {
            amin: 1e-10,
            power: 2.0,
            analysis: Analysis::default(),
        }
    }
}

/// A planned spectral flatness: (1, frames).
#[derive(Debug)]
pub struct SpectralFlatness {
    spectra: Spectra,
    amin: f32,
    power: f32,
}

impl Spec<SampleRate> for SpectralFlatnessSpec {
    type Built = SpectralFlatness;

    fn build(&self, rate: SampleRate) -> Result<SpectralFlatness> {
        within("spectral_flatness", "amin", self.amin, 1e-30..=1e6)?;
        within("spectral_flatness", "power", self.power, 0.01..=3.0)?;
        Ok(SpectralFlatness {
            spectra: Spectra::precise(&self.analysis, rate)?,
            amin: self.amin as f32,
            power: self.power as f32,
        })
    }
}

impl OfSpectrum for SpectralFlatness {
    fn name(&self) -> &'static str {
        "spectral_flatness"
    }

    fn spectra(&self) -> &Spectra {
        &self.spectra
    }

    fn block(&self, magnitudes: Block<'_>, out: &mut [f32]) {
        let (mut sums, mut levels) = ([0.0; BLOCK], [0.0; BLOCK]);
        for row in magnitudes.rows() {
            let mut values = [self.amin; BLOCK];
            for (value, &x) in values.iter_mut().zip(row) {
                let x = if self.power == 2.0 {
                    x * x
                } else {
                    x.powf(self.power)
                };
                *value = x.max(self.amin);
            }
            for ((sum, level), value) in sums.iter_mut().zip(&mut levels).zip(values) {
                *sum += f64::from(value);
                *level += f64::from(decibels(value));
            }
        }
        let count = self.spectra.bins() as f64;
        for ((y, sum), level) in out.iter_mut().zip(sums).zip(levels) {
            *y = (10f64.powf(level / count / 10.0) / (sum / count)) as f32;
        }
    }
}

features_of_channels!(SpectralFlatness);
