//! Beats as a feature.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Stft;
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::of_power;
use crate::rhythm::beat_tracker::BeatTracker;
use crate::{Aggregate, Analysis, Beats, ChannelFeature, MelBands, OfPower, Onset, OnsetSpec};

/// Beats, with the names and defaults of `librosa.beat.beat_track`.
///
/// Onset strength is the median over mel bands. As a feature: 1 on frames with a beat, else 0.
/// Proved by `rhythm_*` in the golden files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatSpec {
    /// The most likely tempo in beats per minute. Default 120.
    pub start_bpm: f64,
    /// How strictly beats keep to the tempo. Default 100.
    pub tightness: f64,
    /// Whether weak beats at the ends are left out. Default true.
    pub trim: bool,
    /// The tempo in beats per minute; `None` to estimate it. Default `None`.
    pub bpm: Option<f64>,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// Onset strength: the frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for BeatSpec {
    fn default() -> Self {
        Self {
            start_bpm: 120.0,
            tightness: 100.0,
            trim: true,
            bpm: None,
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl BeatSpec {
    pub(crate) fn tracker(&self, rate: SampleRate) -> Result<BeatTracker> {
        BeatTracker::new(
            rate,
            self.analysis.hop_length,
            self.start_bpm,
            self.bpm,
            self.tightness,
            self.trim,
        )
    }
}

impl Spec<SampleRate> for BeatSpec {
    type Built = Beat;

    fn build(&self, rate: SampleRate) -> Result<Beat> {
        let onset = OnsetSpec {
            aggregate: Aggregate::Median,
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..OnsetSpec::default()
        };
        Ok(Beat {
            onset: onset.build(rate)?,
            tracker: self.tracker(rate)?,
        })
    }
}

/// A planned beat tracker: (1, frames), 1 where a beat falls.
#[derive(Debug)]
pub struct Beat {
    onset: Onset,
    tracker: BeatTracker,
}

impl Beat {
    /// The tempo and the beats of one channel of sound.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound has not one frame.
    pub fn track(&self, samples: &[f32]) -> Result<Beats> {
        let mut onset = vec![0.0; self.frames(samples.len())];
        self.onset.compute_into(samples, &mut onset)?;
        self.tracker.track(&onset)
    }

    /// Writes 1 where the onset curve has a beat, else 0.
    fn mark(&self, onset: &[f32], out: &mut [f32]) -> Result<()> {
        let beats = self.tracker.track(onset)?;
        out.fill(0.0);
        beats.frames.iter().for_each(|&frame| out[frame] = 1.0);
        Ok(())
    }
}

impl ChannelFeature for Beat {
    fn name(&self) -> &'static str {
        "beat"
    }

    fn rate(&self) -> SampleRate {
        self.onset.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.onset.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        let mut onset = vec![0.0; out.len()];
        self.onset.compute_into(samples, &mut onset)?;
        self.mark(&onset, out)
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Beat {
    fn stft(&self) -> &Stft {
        self.onset.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        let mut onset = vec![0.0; frames];
        self.onset.compute_of_power(power, &mut onset)?;
        self.mark(&onset, out)
    }
}

features_of_channels!(Beat);
