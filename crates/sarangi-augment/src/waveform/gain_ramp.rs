//! Louder or softer by and by.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::level::amplitude;
use crate::{Change, Uniform, WaveformAugmentation};

/// From one gain to another, along a straight line in decibels: as `audiomentations.GainTransition`.
///
/// Before the ramp and after it, the gains stay as they are at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GainRamp {
    /// Decibels before, −120 to 60. Default \[−24, 6\].
    pub start_gain_db: Uniform,
    /// Decibels after, −120 to 60. Default \[−24, 6\].
    pub end_gain_db: Uniform,
    /// Seconds from the one to the other, 0 to 3600. Default \[0.2, 6\].
    pub duration: Uniform,
    /// Where the ramp lies: 0 if it ends as the sound begins, 1 if it begins as the sound ends. Default
    /// \[0, 1\].
    pub location: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for GainRamp {
    fn default() -> Self {
        Self {
            start_gain_db: Uniform::between(-24.0, 6.0),
            end_gain_db: Uniform::between(-24.0, 6.0),
            duration: Uniform::between(0.2, 6.0),
            location: Uniform::between(0.0, 1.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for GainRamp {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        const SPEC: &str = "gain_ramp";
        self.start_gain_db
            .check(SPEC, "start_gain_db", -120.0..=60.0)?;
        self.end_gain_db.check(SPEC, "end_gain_db", -120.0..=60.0)?;
        self.duration.check(SPEC, "duration", 0.0..=3600.0)?;
        self.location.check(SPEC, "location", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            start_gain_db: self.start_gain_db.draw(rng),
            end_gain_db: self.end_gain_db.draw(rng),
            duration: self.duration.draw(rng),
            location: self.location.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        // With fewer than three samples there would be no ramp between its ends.
        let fade = wave.rate().samples(self.duration.value()).max(3);
        let start = (self.location.value() * (wave.len() + fade) as f64).round() - fade as f64;
        let (from, to) = (self.start_gain_db.value(), self.end_gain_db.value());
        let gains: Vec<f32> = (0..wave.len())
            .map(|n| {
                let share = (n as f64 - start) / (fade - 1) as f64;
                amplitude(from + (to - from) * share.clamp(0.0, 1.0)) as f32
            })
            .collect();
        in_place(wave, |row| {
            row.iter_mut().zip(&gains).for_each(|(x, gain)| *x *= gain);
        })
    }
}
