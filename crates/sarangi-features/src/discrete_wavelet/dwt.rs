//! The discrete wavelet transform.

use sarangi_core::{Error, Result, Spec};
use serde::{Deserialize, Serialize};

use super::extension::Extension;
use super::family::{DiscreteWavelet, WaveletFilters};
use super::step::Step;
use crate::check::within;

const NAME: &str = "dwt";
/// The deepest decomposition.
const DEEPEST: usize = 24;

/// A discrete wavelet transform with the names and defaults of PyWavelets.
///
/// A step halves the rate twice: aₖ = Σⱼ l\[j\] x\[2k + 1 − j\] is the approximation, dₖ with the
/// high-pass filter the detail; each level does the same to the approximation of the one before
/// (Mallat 1989). Proved by the golden files of `dwt`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DwtSpec {
    /// The wavelet, such as `db4` or `sym8`. Default `db4`.
    pub wavelet: DiscreteWavelet,
    /// What filters see beyond the ends. Default symmetric.
    pub mode: Extension,
    /// How many levels, 0 to 24; `None` is as many as leave something that does not touch both ends,
    /// ⌊log₂(samples / (taps − 1))⌋. Default `None`.
    pub level: Option<usize>,
}

impl Default for DwtSpec {
    fn default() -> Self {
        Self {
            wavelet: DiscreteWavelet::DB4,
            mode: Extension::Symmetric,
            level: None,
        }
    }
}

impl Spec<()> for DwtSpec {
    type Built = Dwt;

    fn build(&self, (): ()) -> Result<Dwt> {
        within(NAME, "level", self.level.unwrap_or(0), 0..=DEEPEST)?;
        Ok(Dwt {
            step: Step::new(self.wavelet, self.mode),
            level: self.level,
        })
    }
}

/// A planned discrete wavelet transform; any thread may use it.
#[derive(Debug)]
pub struct Dwt {
    pub(crate) step: Step,
    level: Option<usize>,
}

/// A signal decomposed into octaves.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveletBands {
    /// What is left below the last level, `cA`.
    pub approximation: Vec<f32>,
    /// The details, the coarsest (lowest) first, `cD`.
    pub details: Vec<Vec<f32>>,
    /// How many samples the signal had.
    pub samples: usize,
}

impl Dwt {
    /// The filters.
    pub fn filters(&self) -> &WaveletFilters {
        self.step.filters()
    }

    /// How many levels a signal of `samples` samples is decomposed into: those asked for, or
    /// `pywt.dwt_max_level`.
    pub fn levels(&self, samples: usize) -> usize {
        let taps = self.filters().dec_lo.len();
        self.level.unwrap_or_else(|| {
            let most = (samples / (taps - 1)).checked_ilog2().unwrap_or(0);
            DEEPEST.min(most as usize)
        })
    }

    /// One step: approximation and detail, as `pywt.dwt`.
    ///
    /// # Shapes
    /// Each has ⌊(samples + taps − 1) / 2⌋ items, with [`Extension::Periodization`] ⌈samples / 2⌉.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are no samples.
    pub fn forward(&self, samples: &[f32]) -> Result<[Vec<f32>; 2]> {
        check(samples)?;
        Ok(self.step.forward(samples))
    }

    /// One step back, as `pywt.idwt`; of an odd signal one sample more than it had.
    ///
    /// # Errors
    /// [`Error::Shape`] if approximation and detail differ in length, or are too short for the
    /// filters.
    pub fn inverse(&self, approximation: &[f32], detail: &[f32]) -> Result<Vec<f32>> {
        let samples = self.step.inverse(approximation, detail);
        if approximation.len() != detail.len() || samples.is_empty() {
            let expected = "as many approximations as details, half the taps at least";
            let got = format_args!("{} and {}", approximation.len(), detail.len());
            return Err(Error::shape(NAME, expected, got));
        }
        Ok(samples)
    }

    /// All levels, as `pywt.wavedec`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are no samples.
    pub fn decompose(&self, samples: &[f32]) -> Result<WaveletBands> {
        check(samples)?;
        let mut approximation = samples.to_vec();
        let mut details = Vec::new();
        for _ in 0..self.levels(samples.len()) {
            let [low, high] = self.step.forward(&approximation);
            approximation = low;
            details.push(high);
        }
        details.reverse();
        Ok(WaveletBands {
            approximation,
            details,
            samples: samples.len(),
        })
    }

    /// The signal of a decomposition, as `pywt.waverec`; of an odd one no sample too many.
    ///
    /// # Errors
    /// [`Error::Shape`] if the lengths are not those of a decomposition.
    pub fn reconstruct(&self, bands: &WaveletBands) -> Result<Vec<f32>> {
        let mut samples = bands.approximation.clone();
        let mut finer = bands.details.iter().map(Vec::len).skip(1);
        for detail in &bands.details {
            samples = self.inverse(&samples, detail)?;
            // The next level, or the signal itself, may have been one shorter.
            let len = finer.next().unwrap_or(bands.samples);
            samples.truncate(len);
        }
        if samples.len() != bands.samples {
            let expected = format_args!("coefficients of {} samples", bands.samples);
            return Err(Error::shape(NAME, expected, samples.len()));
        }
        Ok(samples)
    }
}

pub(crate) fn check(samples: &[f32]) -> Result<()> {
    if samples.is_empty() {
        return Err(Error::shape(NAME, "at least one sample", "none"));
    }
    Ok(())
}
