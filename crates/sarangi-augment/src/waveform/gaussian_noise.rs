//! Noise of one level.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::level::added;
use crate::noise::{drawn_seed, white_like};
use crate::{Change, Uniform, WaveformAugmentation};

/// White normal noise of one level, however loud the sound is: y = x + amplitude · n, as
/// `audiomentations.AddGaussianNoise`.
///
/// [`GaussianSnr`](crate::GaussianSnr) follows the sound's level. Each channel has a noise of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianNoise {
    /// Standard deviation, 0 to 1; full scale is 1. Default \[0.001, 0.015\].
    pub amplitude: Uniform,
    /// From which the samples are drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for GaussianNoise {
    fn default() -> Self {
        Self {
            amplitude: Uniform::between(0.001, 0.015),
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for GaussianNoise {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.amplitude
            .check("gaussian_noise", "amplitude", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            amplitude: self.amplitude.draw(rng),
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let noise = white_like(&wave, self.seed)?;
        added(wave, &noise, self.amplitude.value())
    }
}
