//! From log-mel maps to beats, by either method.

use sarangi_core::{Result, SampleRate};
use serde::{Deserialize, Serialize};

use crate::rhythm::beat_tracker::{BeatTracker, Beats};
use crate::rhythm::metrical::MetricalTracker;
use crate::rhythm::onset_curve::OnsetCurve;
use crate::{Aggregate, Analysis, Tracking};

/// How a tempo is chosen and its beats are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeatMethod {
    /// As `librosa.beat.beat_track`: one lag of the onset strength's autocorrelation, which often is
    /// that of every other or of half a beat.
    #[default]
    Librosa,
    /// Several tempi compared by what lies on and between their beats, with a tempo that is not bound
    /// to whole frames. Not in librosa.
    Metrical,
}

/// A planned step from a log-mel map to beats.
#[derive(Debug)]
pub(crate) enum BeatFinder {
    Librosa(OnsetCurve, BeatTracker),
    Metrical(MetricalTracker),
}

impl BeatFinder {
    /// For maps of so many bands.
    pub(crate) fn new(
        tracking: &Tracking,
        analysis: &Analysis,
        bands: usize,
        rate: SampleRate,
    ) -> Result<Self> {
        tracking.check()?;
        let hop_length = analysis.hop_length;
        Ok(match tracking.method {
            BeatMethod::Librosa => Self::Librosa(
                OnsetCurve::new(1, Aggregate::Median, analysis.delay(), bands),
                BeatTracker::new(tracking, hop_length, rate)?,
            ),
            BeatMethod::Metrical => {
                Self::Metrical(MetricalTracker::new(tracking, hop_length, rate)?)
            }
        })
    }

    /// # Shapes
    /// `log_mel` is row-major (bands, `frames`), in decibels.
    pub(crate) fn of_log_mel(&self, log_mel: &[f32], frames: usize) -> Result<Beats> {
        match self {
            Self::Librosa(curve, tracker) => {
                let mut onset = vec![0.0; frames];
                curve.of_log_mel(log_mel, frames, &mut onset);
                tracker.track(&onset)
            }
            Self::Metrical(tracker) => Ok(tracker.beats(log_mel, frames)),
        }
    }
}
