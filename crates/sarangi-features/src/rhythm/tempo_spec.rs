//! The tempo of a sound.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Pool;
use serde::{Deserialize, Serialize};

use crate::check::output;
use crate::rhythm::metrical::MetricalTracker;
use crate::{Analysis, ChannelFeature, LogMel, LogMelSpec, MelBands, Tempo, Tracking};

/// The tempo at which people tap, with how sure that is; that of [`BeatMethod::Metrical`].
///
/// Not in librosa, whose tempo is [`Beats::tempo`] of [`BeatMethod::Librosa`].
///
/// [`BeatMethod::Metrical`]: crate::BeatMethod::Metrical
/// [`BeatMethod::Librosa`]: crate::BeatMethod::Librosa
/// [`Beats::tempo`]: crate::Beats::tempo
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TempoSpec {
    /// The tempo about which others are less likely, in beats per minute. Default 120.
    pub start_bpm: f64,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for TempoSpec {
    fn default() -> Self {
        Self {
            start_bpm: Tracking::default().start_bpm,
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for TempoSpec {
    type Built = TempoEstimate;

    fn build(&self, rate: SampleRate) -> Result<TempoEstimate> {
        let log_mel = LogMelSpec {
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..LogMelSpec::default()
        };
        let tracking = Tracking {
            start_bpm: self.start_bpm,
            ..Tracking::default()
        };
        tracking.check()?;
        Ok(TempoEstimate {
            log_mel: log_mel.build(rate)?,
            tracker: MetricalTracker::new(&tracking, self.analysis.hop_length, rate)?,
            scratch: Pool::new(Vec::new),
        })
    }
}

/// A planned estimate of a tempo.
#[derive(Debug)]
pub struct TempoEstimate {
    log_mel: LogMel,
    tracker: MetricalTracker,
    scratch: Pool<Vec<f32>>,
}

impl TempoEstimate {
    /// The tempo of one channel of sound; `None` if nothing begins in it.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound has not one frame.
    pub fn tempo(&self, samples: &[f32]) -> Result<Option<Tempo>> {
        let frames = self.log_mel.frames(samples.len());
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            output("tempo", log_mel, self.log_mel.bins(), frames)?;
            self.log_mel.compute_into(samples, log_mel)?;
            Ok(self.tracker.tempo(log_mel, frames))
        })
    }
}
