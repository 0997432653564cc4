//! The settings of a search for beats.

use sarangi_core::Result;
use serde::{Deserialize, Serialize};

use crate::BeatMethod;
use crate::check::within;

/// How beats are searched for, with the names and defaults of `librosa.beat.beat_track`.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tracking {
    /// The most likely tempo in beats per minute. Default 120.
    pub start_bpm: f64,
    /// How strictly beats keep to the tempo. Default 100.
    pub tightness: f64,
    /// Whether weak beats at the ends are left out. Default true.
    pub trim: bool,
    /// The tempo in beats per minute; `None` to estimate it. Default `None`.
    pub bpm: Option<f64>,
    /// How beats are found. Default as librosa does.
    pub method: BeatMethod,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            start_bpm: 120.0,
            tightness: 100.0,
            trim: true,
            bpm: None,
            method: BeatMethod::Librosa,
        }
    }
}

impl Tracking {
    pub(crate) fn check(&self) -> Result<()> {
        within("beat", "start_bpm", self.start_bpm, 1e-3..=1e6)?;
        within("beat", "tightness", self.tightness, 1e-6..=1e9)?;
        within("beat", "bpm", self.bpm.unwrap_or(1.0), 1e-3..=1e6)
    }
}
