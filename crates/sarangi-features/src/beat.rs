//! Beats as a feature.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::beat_tracker::BeatTracker;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::{Aggregate, Analysis, Beats, ChannelFeature, MelBands, Onset, OnsetSpec};

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
}

impl ChannelFeature for Beat {
    const NAME: &'static str = "beat";

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
        output(Self::NAME, out, 1, self.frames(samples.len()))?;
        let beats = self.track(samples)?;
        out.fill(0.0);
        beats.frames.iter().for_each(|&frame| out[frame] = 1.0);
        Ok(())
    }
}

features_of_channels!(Beat);
