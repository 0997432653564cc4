//! The spectral flux.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::spectra::{Scale, Spectra};
use crate::{Analysis, ChannelFeature};

/// How much each spectrum differs from the one before it; essentia's `Flux` and pyAudioAnalysis know
/// it, librosa does not.
///
/// √Σₖ d², d = |X\[k, t\]| − |X\[k, t−1\]|, or max(0, d) with `rectify`; 0 for the first frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralFluxSpec {
    /// Whether only what rises counts. Default false.
    pub rectify: bool,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// A planned spectral flux: (1, frames).
#[derive(Debug)]
pub struct SpectralFlux {
    spectra: Spectra,
    rectify: bool,
}

impl Spec<SampleRate> for SpectralFluxSpec {
    type Built = SpectralFlux;

    fn build(&self, rate: SampleRate) -> Result<SpectralFlux> {
        Ok(SpectralFlux {
            spectra: Spectra::precise(&self.analysis, rate)?,
            rectify: self.rectify,
        })
    }
}

impl ChannelFeature for SpectralFlux {
    const NAME: &'static str = "spectral_flux";

    fn rate(&self) -> SampleRate {
        self.spectra.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.spectra.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(Self::NAME, out, 1, self.frames(samples.len()))?;
        let mut before = Vec::new();
        let mut column = Vec::new();
        self.spectra.blocks(samples, Scale::Magnitude, |block| {
            for (frame, y) in out[block.first..][..block.width].iter_mut().enumerate() {
                block.column(frame, &mut column);
                let pairs = column.iter().zip(&before);
                let sum: f64 = pairs
                    .map(|(now, before): (&f32, &f32)| {
                        let rise = f64::from(now - before);
                        let counted = if self.rectify { rise.max(0.0) } else { rise };
                        counted * counted
                    })
                    .sum();
                *y = sum.sqrt() as f32;
                std::mem::swap(&mut before, &mut column);
            }
        })
    }
}

features_of_channels!(SpectralFlux);
