//! Noise below the sound.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::level::add_at_snr;
use crate::noise::{drawn_seed, white_like};
use crate::{Change, Uniform, WaveformAugmentation};

/// White normal noise at a ratio to the sound, as `audiomentations.AddGaussianSNR` and
/// `torchaudio.functional.add_noise`.
///
/// The ratio is that of the mean squares over the whole sound and all channels, and is met exactly; each
/// channel has a noise of its own. Silence stays silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianSnr {
    /// Decibels by which the sound is above the noise, −60 to 120. Default \[5, 40\].
    pub snr_db: Uniform,
    /// From which the samples are drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for GaussianSnr {
    fn default() -> Self {
        Self {
            snr_db: Uniform::between(5.0, 40.0),
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for GaussianSnr {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.snr_db.check("gaussian_snr", "snr_db", -60.0..=120.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            snr_db: self.snr_db.draw(rng),
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let noise = white_like(&wave, self.seed)?;
        add_at_snr(wave, &noise, self.snr_db.value())
    }
}
