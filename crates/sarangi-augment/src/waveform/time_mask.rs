//! A gap.

use sarangi_core::{Result, Rng, SampleRate, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::fade::{fade_part_in, fade_part_out};
use crate::{Change, Uniform, WaveformAugmentation};

/// Silence over a part of the sound, as `audiomentations.TimeMask`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeMask {
    /// How long, as a share of the length, 0 to 1. Default \[0.01, 0.2\].
    pub band_part: Uniform,
    /// Where: 0 at the beginning, 1 at the end. Default \[0, 1\].
    pub location: Uniform,
    /// Seconds over which the sound fades at either side, within the mask; 0 to 60. Default 0.005.
    pub fade_duration: f64,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TimeMask {
    fn default() -> Self {
        Self {
            band_part: Uniform::between(0.01, 0.2),
            location: Uniform::between(0.0, 1.0),
            fade_duration: 0.005,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for TimeMask {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.band_part.check("time_mask", "band_part", 0.0..=1.0)?;
        self.location.check("time_mask", "location", 0.0..=1.0)?;
        within("time_mask", "fade_duration", self.fade_duration, 0.0..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            band_part: self.band_part.draw(rng),
            location: self.location.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let gap = (self.band_part.value() * wave.len() as f64).round() as usize;
        let gap = gap.min(wave.len());
        let start = (self.location.value() * (wave.len() - gap) as f64).round() as usize;
        let fade = wave.rate().samples(self.fade_duration).min(gap / 2);
        in_place(wave, |row| {
            let part = &mut row[start..start + gap];
            fade_part_out(&mut part[..fade]);
            part[fade..gap - fade].fill(0.0);
            fade_part_in(&mut part[gap - fade..]);
        })
    }
}
