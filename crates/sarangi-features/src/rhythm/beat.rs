//! Beats as a feature.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::of_power;
use crate::rhythm::beat_finder::BeatFinder;
use crate::rhythm::marks::mark;
use crate::{Analysis, Beats, ChannelFeature, LogMel, LogMelSpec, MelBands, OfPower, Tracking};

/// Beats, with the names and defaults of `librosa.beat.beat_track`.
///
/// Onset strength is the median over mel bands. As a feature: 1 on frames with a beat, else 0.
/// Proved by `rhythm_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/beat.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatSpec {
    /// How beats are searched for.
    #[serde(flatten)]
    pub tracking: Tracking,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// Onset strength: the frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Spec<SampleRate> for BeatSpec {
    type Built = Beat;

    fn build(&self, rate: SampleRate) -> Result<Beat> {
        let log_mel = LogMelSpec {
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..LogMelSpec::default()
        };
        Ok(Beat {
            log_mel: log_mel.build(rate)?,
            finder: BeatFinder::new(&self.tracking, &self.analysis, self.bands.n_mels, rate)?,
            hop_length: self.analysis.hop_length,
            scratch: Pool::new(Vec::new),
        })
    }
}

/// A planned beat tracker: (1, frames), 1 where a beat falls.
#[derive(Debug)]
pub struct Beat {
    log_mel: LogMel,
    finder: BeatFinder,
    hop_length: usize,
    scratch: Pool<Vec<f32>>,
}

impl Beat {
    /// The tempo and the beats of one channel of sound.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound has not one frame.
    pub fn track(&self, samples: &[f32]) -> Result<Beats> {
        let frames = self.frames(samples.len());
        self.of_log_mel(frames, |log_mel| {
            output(self.name(), log_mel, self.log_mel.bins(), frames)?;
            self.log_mel.compute_into(samples, log_mel)
        })
    }

    /// The beats in seconds from the beginning of the sound.
    ///
    /// # Errors
    /// As [`track`](Self::track).
    pub fn times(&self, samples: &[f32]) -> Result<Vec<f64>> {
        let beats = self.track(samples)?.frames;
        let seconds = |frame: usize| self.rate().seconds(frame * self.hop_length);
        Ok(beats.into_iter().map(seconds).collect())
    }

    fn of_log_mel(
        &self,
        frames: usize,
        compute: impl FnOnce(&mut [f32]) -> Result<()>,
    ) -> Result<Beats> {
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            compute(log_mel)?;
            self.finder.of_log_mel(log_mel, frames)
        })
    }
}

impl ChannelFeature for Beat {
    fn name(&self) -> &'static str {
        "beat"
    }

    fn rate(&self) -> SampleRate {
        self.log_mel.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.log_mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        mark(&self.track(samples)?.frames, out);
        Ok(())
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Beat {
    fn stft(&self) -> &Stft {
        self.log_mel.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        let beats = self.of_log_mel(frames, |log_mel| {
            self.log_mel.compute_of_power(power, log_mel)
        })?;
        mark(&beats.frames, out);
        Ok(())
    }
}

features_of_channels!(Beat);
