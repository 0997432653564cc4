//! Mel spectrograms in decibels.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Stft;
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::{Analysis, ChannelFeature, Decibels, Mel, MelBands, OfPower};

/// A mel spectrogram in decibels: `librosa.power_to_db(librosa.feature.melspectrogram(…), …)`.
///
/// Proved by `log_mel_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/log-mel.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogMelSpec {
    /// Exponent of the magnitude before the filters. Default 2.
    pub power: f64,
    /// The scale.
    #[serde(flatten)]
    pub decibels: Decibels,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for LogMelSpec {
    fn default() -> Self {
        Self {
            power: 2.0,
            decibels: Decibels::default(),
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl LogMelSpec {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// `torchaudio.transforms.MelSpectrogram()` followed by `AmplitudeToDB(top_db=80)`.
    pub fn torchaudio() -> Self {
        Self {
            bands: MelBands::torchaudio(),
            analysis: Analysis::torchaudio(),
            ..Self::default()
        }
    }
}

impl Spec<SampleRate> for LogMelSpec {
    type Built = LogMel;

    fn build(&self, rate: SampleRate) -> Result<LogMel> {
        self.decibels.check()?;
        Ok(LogMel {
            mel: Mel::new(&self.bands, &self.analysis, self.power, rate)?,
            decibels: self.decibels.clone(),
        })
    }
}

/// A planned mel spectrogram in decibels: (n_mels, frames).
#[derive(Debug)]
pub struct LogMel {
    mel: Mel,
    decibels: Decibels,
}

impl LogMel {
    pub(crate) fn mel(&self) -> &Mel {
        &self.mel
    }
}

impl ChannelFeature for LogMel {
    fn name(&self) -> &'static str {
        "log_mel"
    }

    fn rate(&self) -> SampleRate {
        self.mel.rate()
    }

    fn bins(&self) -> usize {
        self.mel.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        self.mel.compute_into(samples, out)?;
        self.decibels.apply(out);
        Ok(())
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        self.mel.of_power().map(|_| self as &dyn OfPower)
    }
}

impl OfPower for LogMel {
    fn stft(&self) -> &Stft {
        self.mel.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        self.mel.compute_of_power(power, out)?;
        self.decibels.apply(out);
        Ok(())
    }
}

features_of_channels!(LogMel);
