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
                *x = (rounded(f64::from(*x) * levels) / levels) as f32;
            }
        })
    }
}

/// The nearest whole number, a half to the even one, of what is below 2⁵¹: beside the large number there
/// is no room for a fraction. Unlike the standard library's this is no call on machines without such an
/// instruction.
fn rounded(x: f64) -> f64 {
    const LARGE: f64 = 1.5 * (1u64 << 52) as f64;
    (x + LARGE) - LARGE
}
