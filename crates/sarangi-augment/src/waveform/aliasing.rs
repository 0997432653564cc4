//! A lower rate without a filter.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::{Change, Uniform, WaveformAugmentation};

/// To another sampling rate and back by straight lines between samples, with no filter: what is above
/// half of that rate comes back as other frequencies. `audiomentations.Aliasing`, which draws on the
/// scale of mels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aliasing {
    /// Hz, 1 to 1,048,576. Default \[8000, 30000\], drawn on a logarithmic scale.
    pub sample_rate: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Aliasing {
    fn default() -> Self {
        Self {
            sample_rate: Uniform::between(8000.0, 30000.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Aliasing {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.sample_rate
            .check("aliasing", "sample_rate", 1.0..=1_048_576.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            sample_rate: self.sample_rate.draw_octaves(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let share = self.sample_rate.value() / wave.rate().as_f64();
        let len = wave.len();
        let fewer = ((len as f64 * share).round() as usize).max(1);
        in_place(wave, |row| {
            let coarse = at_points(row, fewer);
            row.copy_from_slice(&at_points(&coarse, len));
        })
    }
}

/// The samples at `count` places, evenly from the first to the last.
fn at_points(samples: &[f32], count: usize) -> Vec<f32> {
    let last = samples.len().saturating_sub(1);
    let step = last as f64 / count.saturating_sub(1).max(1) as f64;
    let at = |index: usize| f64::from(samples.get(index.min(last)).copied().unwrap_or(0.0));
    let point = |n: usize| {
        let place = n as f64 * step;
        let (low, high) = (at(place as usize), at(place as usize + 1));
        (low + (high - low) * place.fract()) as f32
    };
    (0..count).map(point).collect()
}
