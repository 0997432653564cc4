//! Rounded peaks.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::soft_clip;
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::level::{rms, scaled};
use crate::percentile::percentiles;
use crate::{Change, Uniform, WaveformAugmentation};

/// The warm distortion of y = tanh(g · x), brought back to the loudness of before:
/// `audiomentations.TanhDistortion`, which of several channels takes the mean of their levels where
/// this takes the level of all.
///
/// g is 0.5 over the level below which (1 − 0.99 · distortion) of all samples lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TanhDistortion {
    /// How much, 0 to 1. Default \[0.01, 0.7\].
    pub distortion: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TanhDistortion {
    fn default() -> Self {
        Self {
            distortion: Uniform::between(0.01, 0.7),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for TanhDistortion {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.distortion
            .check("tanh_distortion", "distortion", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            distortion: self.distortion.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let percent = 100.0 - 99.0 * self.distortion.value();
        let levels = wave.samples().iter().map(|x| x.abs()).collect();
        let [level] = percentiles(levels, [percent]);
        // Of silence the level is 0.
        let gain = 0.5 / (level + 1e-6);
        let before = rms(&wave);
        let bent = in_place(wave, |row| {
            soft_clip(row, gain as f32);
        })?;
        let factor = before / rms(&bent);
        match factor.is_finite() {
            true => scaled(bent, factor),
            false => Ok(bent),
        }
    }
}
