//! Earlier or later.

use sarangi_core::{Result, Rng, SampleRate, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::fade::{fade_part_in, fade_part_out};
use crate::{Change, Uniform, WaveformAugmentation};

/// Earlier or later in time, as `audiomentations.Shift`; `numpy.roll` without fades.
///
/// Where the old end meets the old beginning, one fades out and the other in; without `rollover` the
/// sound fades at the one of its ends that has moved inwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// How far, as a share of the length, −1 to 1; later if positive. Default \[−0.5, 0.5\].
    pub shift: Uniform,
    /// Whether what leaves at one end comes in at the other; silence comes otherwise. Default yes.
    pub rollover: bool,
    /// Seconds over which what has an end now fades, 0 to 60. Default 0.005.
    pub fade_duration: f64,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Shift {
    fn default() -> Self {
        Self {
            shift: Uniform::between(-0.5, 0.5),
            rollover: true,
            fade_duration: 0.005,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Shift {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.shift.check("shift", "shift", -1.0..=1.0)?;
        within("shift", "fade_duration", self.fade_duration, 0.0..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            shift: self.shift.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let len = wave.len();
        let places = (self.shift.value() * len as f64).round();
        let by = (places.abs() as usize).min(len);
        let later = places > 0.0;
        if by == 0 {
            return Ok(wave);
        }
        let seam = if later { by } else { len - by };
        let fade = wave.rate().samples(self.fade_duration);
        in_place(wave, |row| {
            row.rotate_right(if later { by } else { len - by });
            let (before, after) = row.split_at_mut(seam);
            if self.rollover || !later {
                let start = before.len().saturating_sub(fade);
                fade_part_out(&mut before[start..]);
            }
            if self.rollover || later {
                let end = fade.min(after.len());
                fade_part_in(&mut after[..end]);
            }
            if !self.rollover {
                if later { before } else { after }.fill(0.0);
            }
        })
    }
}
