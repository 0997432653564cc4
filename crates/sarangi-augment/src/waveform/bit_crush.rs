//! Coarse steps.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::{Change, Uniform, WaveformAugmentation};

/// Rounded to few levels: y = round(q · x) / q with q = 2^(bit_depth − 1) + 1, as
/// `audiomentations.BitCrush`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BitCrush {
    /// Bits, whole numbers from 1 to 32. Default \[5, 10\].
    pub bit_depth: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for BitCrush {
    fn default() -> Self {
        Self {
            bit_depth: Uniform::between(5.0, 10.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for BitCrush {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.bit_depth
            .check_whole("bit_crush", "bit_depth", 1.0..=32.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            bit_depth: self.bit_depth.draw_whole(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let levels = (self.bit_depth.value() - 1.0).exp2() + 1.0;
        in_place(wave, |row| {
            for x in row {
                *x = ((f64::from(*x) * levels).round_ties_even() / levels) as f32;
            }
        })
    }
}
