//! The spectral contrast.

use std::ops::Range;

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::spectra::{Scale, Spectra};
use crate::{Analysis, ChannelFeature, Decibels};

/// How far the peaks of each octave stand out above its valleys, with the names and defaults of
/// `librosa.feature.spectral_contrast` (Jiang et al. 2002).
///
/// For each band the mean of its largest magnitudes less that of its smallest, both taken as power
/// in decibels as librosa does; peaks and valleys are clipped at `top_db` below the loudest of
/// their own kind. Row 0 is what lies below `fmin`. Proved by `spectral_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-contrast.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralContrastSpec {
    /// The end of the lowest band in Hz, above 0. Default 200.
    pub fmin: f64,
    /// Octaves above `fmin`, 1 to 16; the last one must begin below half the rate. Default 6.
    pub n_bands: usize,
    /// The share of a band that is averaged at either end, above 0 and below 1. Default 0.02.
    pub quantile: f64,
    /// Whether to give the difference of the magnitudes instead of decibels. Default false.
    pub linear: bool,
    /// Decibels below the loudest at which peaks and valleys are clipped; `None` clips nothing.
    /// Default 80.
    pub top_db: Option<f64>,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for SpectralContrastSpec {
    fn default() -> Self {
        Self {
            fmin: 200.0,
            n_bands: 6,
            quantile: 0.02,
            linear: false,
            top_db: Some(80.0),
            analysis: Analysis::default(),
        }
    }
}

/// A planned spectral contrast in decibels: (n_bands + 1, frames).
#[derive(Debug)]
pub struct SpectralContrast {
    spectra: Spectra,
    bands: Vec<Band>,
    decibels: Option<Decibels>,
}

#[derive(Debug)]
struct Band {
    bins: Range<usize>,
    /// How many bins are averaged at either end.
    count: usize,
}

impl Spec<SampleRate> for SpectralContrastSpec {
    type Built = SpectralContrast;

    fn build(&self, rate: SampleRate) -> Result<SpectralContrast> {
        const NAME: &str = "spectral_contrast";
        within(NAME, "n_bands", self.n_bands, 1..=16)?;
        if !(self.quantile > 0.0 && self.quantile < 1.0) {
            let reason = format!("must lie between 0 and 1, got {}", self.quantile);
            return Err(Error::config(NAME, "quantile", reason));
        }
        let highest = self.fmin * 2f64.powi(self.n_bands as i32 - 1);
        let half = rate.as_f64() / 2.0;
        if !(self.fmin > 0.0 && highest < half) {
            let reason = format!(
                "must be above 0 and leave the last of {} octaves below {half} Hz, got {}",
                self.n_bands, self.fmin
            );
            return Err(Error::config(NAME, "fmin", reason));
        }
        let decibels = Decibels {
            top_db: self.top_db,
            ..Decibels::default()
        };
        decibels.check()?;
        let spectra = Spectra::precise(&self.analysis, rate)?;
        let bands = bands(self, &spectra.frequencies())?;
        Ok(SpectralContrast {
            spectra,
            bands,
            decibels: (!self.linear).then_some(decibels),
        })
    }
}

/// The bins of each band. As in librosa, a band begins one bin early, all but the last leave their
/// own last bin to the next, and the count at the ends goes by the bins before that.
fn bands(spec: &SpectralContrastSpec, frequencies: &[f64]) -> Result<Vec<Band>> {
    let edge = |k: usize| match k {
        0 => 0.0,
        _ => spec.fmin * 2f64.powi(k as i32 - 1),
    };
    let band = |k: usize| {
        let (low, high) = (edge(k), edge(k + 1));
        let mut start = frequencies.partition_point(|&f| f < low);
        let mut end = frequencies.partition_point(|&f| f <= high);
        if start >= end {
            let reason = format!("has no bin between {low} and {high} Hz; make it larger");
            return Err(Error::config("spectral_contrast", "n_fft", reason));
        }
        if k > 0 {
            start = start.saturating_sub(1);
        }
        if k == spec.n_bands {
            end = frequencies.len();
        }
        let count = (spec.quantile * (end - start) as f64).round_ties_even();
        if k < spec.n_bands {
            end -= 1;
        }
        if start >= end {
            let reason = format!("has one bin between {low} and {high} Hz; make it larger");
            return Err(Error::config("spectral_contrast", "n_fft", reason));
        }
        let count = (count as usize).clamp(1, end - start);
        Ok(Band {
            bins: start..end,
            count,
        })
    };
    (0..=spec.n_bands).map(band).collect()
}

impl ChannelFeature for SpectralContrast {
    fn name(&self) -> &'static str {
        "spectral_contrast"
    }

    fn rate(&self) -> SampleRate {
        self.spectra.rate()
    }

    fn bins(&self) -> usize {
        self.bands.len()
    }

    fn frames(&self, samples: usize) -> usize {
        self.spectra.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        let mut valleys = vec![0.0; out.len()];
        let mut column = Vec::new();
        self.spectra.blocks(samples, Scale::Magnitude, |block| {
            for frame in 0..block.width {
                block.column(frame, &mut column);
                for (index, band) in self.bands.iter().enumerate() {
                    let at = index * frames + block.first + frame;
                    [valleys[at], out[at]] = band.ends(&mut column);
                }
            }
        })?;
        if let Some(decibels) = &self.decibels {
            decibels.apply(&mut valleys);
            decibels.apply(out);
        }
        out.iter_mut()
            .zip(&valleys)
            .for_each(|(y, valley)| *y -= valley);
        Ok(())
    }
}

features_of_channels!(SpectralContrast);

impl Band {
    /// The mean of the smallest and of the largest values of a spectrum, whose order is lost in the
    /// band; the bin that it shares with the next one must be read before.
    fn ends(&self, spectrum: &mut [f32]) -> [f32; 2] {
        let shared = spectrum[self.bins.end - 1];
        let values = &mut spectrum[self.bins.clone()];
        let mean = |values: &[f32]| {
            let sum: f64 = values.iter().map(|&x| f64::from(x)).sum();
            (sum / values.len() as f64) as f32
        };
        let (count, len) = (self.count, values.len());
        values.select_nth_unstable_by(count - 1, f32::total_cmp);
        let valley = mean(&values[..count]);
        values.select_nth_unstable_by(len - count, f32::total_cmp);
        let peak = mean(&values[len - count..]);
        spectrum[self.bins.end - 1] = shared;
        [valley, peak]
    }
}
