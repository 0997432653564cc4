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
#[cfg_attr(doc, doc = include_str!("../../pictures/spectral-flux.html"))]
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
    fn name(&self) -> &'static str {
        "spectral_flux"
    }

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
        output(self.name(), out, 1, self.frames(samples.len()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StftMagnitudeSpec;
    use sarangi_core::{Transform, Waveform};

    /// A tone that grows, stops and sounds again, against the formula on its spectrogram.
    #[test]
    fn differences_of_spectra_are_summed() {
        let rate = SampleRate::HZ_22050;
        let level = |n: usize| [0.1, 0.4, 0.0, 0.3][n / 6000 % 4];
        let tone = (0..24_000).map(|n| level(n) * (n as f32 * 0.2).sin());
        let wave = Waveform::mono(tone.collect(), rate);
        let spectrogram = StftMagnitudeSpec::default().build(rate).unwrap();
        let spectrogram = spectrogram.apply(&wave).unwrap();
        for rectify in [false, true] {
            let spec = SpectralFluxSpec {
                rectify,
                ..SpectralFluxSpec::default()
            };
            let flux = spec.build(rate).unwrap().apply(&wave).unwrap();
            let peak = flux.iter().copied().fold(0.0f32, f32::max);
            assert_eq!(flux[[0, 0, 0]], 0.0);
            for t in 1..flux.dim().2 {
                let rises = (0..1025).map(|k| spectrogram[[0, k, t]] - spectrogram[[0, k, t - 1]]);
                let counted = rises.filter(|&rise| !rectify || rise > 0.0);
                let want = counted.map(|rise| rise * rise).sum::<f32>().sqrt();
                let got = flux[[0, 0, t]];
                assert!(
                    (got - want).abs() < 1e-4 * peak,
                    "{rectify} {t}: {got} {want}"
                );
            }
        }
    }
}
