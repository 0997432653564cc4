//! The magnitude and the power of the short-time Fourier transform.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Padding, Pool, Stft, StftScratch, StftSpec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::of_power;
use crate::{ChannelFeature, OfPower};

/// The magnitude spectrogram |X|, as `abs(librosa.stft(y, …))`; its fields are those of
/// [`StftSpec`]. Proved by `stft_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/stft-magnitude.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StftMagnitudeSpec(pub StftSpec);

/// The power spectrogram |X|², as `abs(librosa.stft(y, …)) ** 2`; its fields are those of
/// [`StftSpec`]. Proved by `stft_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/power.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PowerSpec(pub StftSpec);

/// A planned magnitude or power spectrogram: (⌊n_fft / 2⌋ + 1 bins, frames).
#[derive(Debug)]
pub struct Spectrogram {
    rate: SampleRate,
    stft: Stft,
    root: bool,
    scratch: Pool<StftScratch>,
}

impl Spectrogram {
    pub(crate) fn new(stft: Stft, rate: SampleRate, root: bool) -> Self {
        let scratch = stft.scratch();
        Self {
            rate,
            stft,
            root,
            scratch: Pool::new(move || scratch.clone()),
        }
    }
}

impl Spec<SampleRate> for StftMagnitudeSpec {
    type Built = Spectrogram;

    fn build(&self, rate: SampleRate) -> Result<Spectrogram> {
        Ok(Spectrogram::new(self.0.build(())?, rate, true))
    }
}

impl PowerSpec {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// The defaults of `torchaudio.transforms.Spectrogram`.
    pub fn torchaudio() -> Self {
        Self(StftSpec {
            n_fft: 400,
            hop_length: Some(200),
            pad_mode: Padding::Reflect,
            ..StftSpec::default()
        })
    }
}

impl Spec<SampleRate> for PowerSpec {
    type Built = Spectrogram;

    fn build(&self, rate: SampleRate) -> Result<Spectrogram> {
        Ok(Spectrogram::new(self.0.build(())?, rate, false))
    }
}

impl ChannelFeature for Spectrogram {
    fn name(&self) -> &'static str {
        "stft"
    }

    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.stft.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch
            .with(|scratch| self.stft.power_into(samples, 0..frames, out, scratch))?;
        if self.root {
            out.iter_mut().for_each(|x| *x = x.sqrt());
        }
        Ok(())
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Spectrogram {
    fn stft(&self) -> &Stft {
        &self.stft
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        of_power::frames(self, power, out)?;
        match self.root {
            true => out.iter_mut().zip(power).for_each(|(y, x)| *y = x.sqrt()),
            false => out.copy_from_slice(power),
        }
        Ok(())
    }
}

features_of_channels!(Spectrogram);
