//! Magnitude spectrograms in decibels.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Stft, StftSpec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::{AmplitudeDecibels, ChannelFeature, Decibels, OfPower, PowerSpec, Spectrogram};

/// The magnitude spectrogram |X| in decibels:
/// `librosa.amplitude_to_db(abs(librosa.stft(y, …)), …)`.
///
/// Proved by `log_spectrogram_*` in the golden files. No band averages the rounding away, and of a tone
/// single precision has no digit left 130 dB below: the transform is computed in double precision, as
/// librosa's.
#[cfg_attr(doc, doc = include_str!("../pictures/log-spectrogram.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSpectrogramSpec {
    /// The scale.
    #[serde(flatten)]
    pub decibels: AmplitudeDecibels,
    /// The transform.
    #[serde(flatten)]
    pub stft: StftSpec,
}

impl LogSpectrogramSpec {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// `torchaudio.transforms.Spectrogram()` followed by `AmplitudeToDB(top_db=80)`.
    pub fn torchaudio() -> Self {
        Self {
            stft: PowerSpec::torchaudio().0,
            ..Self::default()
        }
    }
}

impl Spec<SampleRate> for LogSpectrogramSpec {
    type Built = LogSpectrogram;

    fn build(&self, rate: SampleRate) -> Result<LogSpectrogram> {
        Ok(LogSpectrogram {
            decibels: self.decibels.of_power()?,
            power: Spectrogram::new(self.stft.build_precise()?, rate, false),
        })
    }
}

/// A planned spectrogram in decibels: (⌊n_fft / 2⌋ + 1 bins, frames).
#[derive(Debug)]
pub struct LogSpectrogram {
    power: Spectrogram,
    decibels: Decibels,
}

impl ChannelFeature for LogSpectrogram {
    fn name(&self) -> &'static str {
        "log_spectrogram"
    }

    fn rate(&self) -> SampleRate {
        self.power.rate()
    }

    fn bins(&self) -> usize {
        self.power.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.power.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        self.power.compute_into(samples, out)?;
        self.decibels.apply(out);
        Ok(())
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for LogSpectrogram {
    fn stft(&self) -> &Stft {
        self.power.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        self.power.compute_of_power(power, out)?;
        self.decibels.apply(out);
        Ok(())
    }
}

features_of_channels!(LogSpectrogram);
