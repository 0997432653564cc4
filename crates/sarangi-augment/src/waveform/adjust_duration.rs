//! Cut or filled up to a length.

use sarangi_core::{Result, Rng, SampleRate, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::pad::{PadMode, PadSection};
use crate::{Change, Uniform, WaveformAugmentation};

/// A random part of a longer sound, a shorter one filled up: as `audiomentations.AdjustDuration`, and
/// with a fixed `location` as `librosa.util.fix_length`. **The length changes.**
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdjustDuration {
    /// Seconds, above 0 to 3600. Default 3, a chunk of music.
    pub duration_seconds: f64,
    /// Which part of a longer sound is kept: 0 the first, 1 the last. Default \[0, 1\].
    pub location: Uniform,
    /// With what a shorter sound is filled up. Default `silence`.
    pub padding_mode: PadMode,
    /// At which end. Default `end`.
    pub padding_position: PadSection,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for AdjustDuration {
    fn default() -> Self {
        Self {
            duration_seconds: 3.0,
            location: Uniform::between(0.0, 1.0),
            padding_mode: PadMode::Silence,
            padding_position: PadSection::End,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for AdjustDuration {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        let range = f64::MIN_POSITIVE..=3600.0;
        within(
            "adjust_duration",
            "duration_seconds",
            self.duration_seconds,
            range,
        )?;
        self.location
            .check("adjust_duration", "location", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            location: self.location.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let len = wave.rate().samples(self.duration_seconds);
        if let Some(room) = wave.len().checked_sub(len) {
            let start = (self.location.value() * room as f64).round() as usize;
            return Ok(wave.window(start, len));
        }
        anew(&wave, |_, row| {
            Ok(self
                .padding_mode
                .padded(row, len - row.len(), self.padding_position))
        })
    }
}
