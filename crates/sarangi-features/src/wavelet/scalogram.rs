//! Scalograms.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::constant_q::cqt::C1;
use crate::{ChannelFeature, Cwt, CwtSpec, Decibels, Wavelet};

/// The power of the [continuous wavelet transform](CwtSpec) in decibels: 0 dB is a tone of full
/// scale at its own frequency.
///
/// Only every `hop_length`-th value is computed, by transforms back that are as short as each
/// scale's bandwidth allows.
#[cfg_attr(doc, doc = include_str!("../../pictures/scalogram.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalogramSpec {
    /// The wavelet. Default Morlet with w0 = 6.
    pub wavelet: Wavelet,
    /// The lowest frequency in Hz. Default C1, 32.7 Hz.
    pub fmin: f64,
    /// How many scales. Default 84.
    pub n_bins: usize,
    /// Scales per octave. Default 12.
    pub bins_per_octave: usize,
    /// Samples between frames. Default 512.
    pub hop_length: usize,
    /// The scale.
    #[serde(flatten)]
    pub decibels: Decibels,
}

impl Default for ScalogramSpec {
    fn default() -> Self {
        Self {
            wavelet: Wavelet::default(),
            fmin: C1,
            n_bins: 84,
            bins_per_octave: 12,
            hop_length: 512,
            decibels: Decibels::default(),
        }
    }
}

impl Spec<SampleRate> for ScalogramSpec {
    type Built = Scalogram;

    fn build(&self, rate: SampleRate) -> Result<Scalogram> {
        self.decibels.check()?;
        let cwt = CwtSpec {
            wavelet: self.wavelet,
            fmin: self.fmin,
            n_bins: self.n_bins,
            bins_per_octave: self.bins_per_octave,
            hop_length: self.hop_length,
        };
        Ok(Scalogram {
            cwt: cwt.build(rate)?,
            decibels: self.decibels.clone(),
        })
    }
}

/// A planned scalogram: (n_bins, ⌈samples / hop_length⌉).
#[derive(Debug)]
pub struct Scalogram {
    cwt: Cwt,
    decibels: Decibels,
}

impl ChannelFeature for Scalogram {
    fn name(&self) -> &'static str {
        "scalogram"
    }

    fn rate(&self) -> SampleRate {
        self.cwt.rate()
    }

    fn bins(&self) -> usize {
        self.cwt.frequencies().len()
    }

    fn frames(&self, samples: usize) -> usize {
        self.cwt.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.cwt.rows(samples, |row, first, columns| {
            let out = &mut out[row * frames + first..][..columns.len()];
            for (y, x) in out.iter_mut().zip(columns) {
                *y = x.norm_sqr();
            }
        })?;
        self.decibels.apply(out);
        Ok(())
    }
}

features_of_channels!(Scalogram);
