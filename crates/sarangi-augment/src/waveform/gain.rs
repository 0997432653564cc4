//! Louder or softer.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::{Change, Uniform, WaveformAugmentation};

/// Louder or softer by a constant: y = x · 10^(gain_db / 20), as `audiomentations.Gain`.
///
/// Nothing is clipped: samples may leave ±1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gain {
    /// Decibels, −120 to 60. Default \[−12, 12\].
    pub gain_db: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Gain {
    fn default() -> Self {
        Self {
            gain_db: Uniform::between(-12.0, 12.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Gain {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.gain_db.check("gain", "gain_db", -120.0..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            gain_db: self.gain_db.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let factor = 10f64.powf(self.gain_db.value() / 20.0) as f32;
        let rate = wave.rate();
        let mut samples = wave.into_samples();
        samples.mapv_inplace(|x| x * factor);
        Waveform::new(samples, rate)
    }
}
