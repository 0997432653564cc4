//! The harmonic and the percussive spectrogram.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Pool;
use serde::{Deserialize, Serialize};

use super::masks::{Masks, Work};
use super::settings::Separation;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::spectra::{BLOCK, Scale, Spectra};
use crate::{Analysis, ChannelFeature};

/// The magnitude spectrogram of what lasts, as `librosa.decompose.hpss(abs(librosa.stft(y)))[0]`.
///
/// The masks are those of [`Separation`]. Proved by `hpss_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/harmonic.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HarmonicSpec {
    /// The masks.
    #[serde(flatten)]
    pub separation: Separation,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// The magnitude spectrogram of what strikes, as
/// `librosa.decompose.hpss(abs(librosa.stft(y)))[1]`.
///
/// The masks are those of [`Separation`]. Proved by `hpss_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/percussive.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PercussiveSpec {
    /// The masks.
    #[serde(flatten)]
    pub separation: Separation,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// A planned spectrogram of one part of a sound: (⌊n_fft / 2⌋ + 1 bins, frames).
#[derive(Debug)]
pub struct PartSpectrogram {
    spectra: Spectra,
    masks: Masks,
    harmonic: bool,
    work: Pool<Work>,
}

impl PartSpectrogram {
    fn new(
        separation: &Separation,
        analysis: &Analysis,
        rate: SampleRate,
        harmonic: bool,
    ) -> Result<Self> {
        Ok(Self {
            spectra: Spectra::new(analysis, rate)?,
            masks: Masks::new(separation)?,
            harmonic,
            work: Pool::new(Work::default),
        })
    }
}

impl Spec<SampleRate> for HarmonicSpec {
    type Built = PartSpectrogram;

    fn build(&self, rate: SampleRate) -> Result<PartSpectrogram> {
        PartSpectrogram::new(&self.separation, &self.analysis, rate, true)
    }
}

impl Spec<SampleRate> for PercussiveSpec {
    type Built = PartSpectrogram;

    fn build(&self, rate: SampleRate) -> Result<PartSpectrogram> {
        PartSpectrogram::new(&self.separation, &self.analysis, rate, false)
    }
}

impl ChannelFeature for PartSpectrogram {
    fn name(&self) -> &'static str {
        "hpss"
    }

    fn rate(&self) -> SampleRate {
        self.spectra.rate()
    }

    fn bins(&self) -> usize {
        self.spectra.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.spectra.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.spectra.blocks(samples, Scale::Magnitude, |block| {
            for (row, out) in block.rows().zip(out.chunks_exact_mut(frames)) {
                out[block.first..][..block.width].copy_from_slice(row);
            }
        })?;
        self.work.with(|work| {
            self.masks.begin(out, frames, work)?;
            for first in (0..frames).step_by(BLOCK) {
                let range = first..frames.min(first + BLOCK);
                let width = range.len();
                self.masks.block(out, frames, range, work)?;
                let mask = match self.harmonic {
                    true => &work.harmonic,
                    false => &work.percussive,
                };
                for (row, mask) in out.chunks_exact_mut(frames).zip(mask.chunks_exact(width)) {
                    for (x, m) in row[first..].iter_mut().zip(mask) {
                        *x *= m;
                    }
                }
            }
            Ok(())
        })
    }
}

features_of_channels!(PartSpectrogram);
