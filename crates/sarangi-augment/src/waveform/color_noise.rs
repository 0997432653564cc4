//! Noise of any colour.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::spectral_gain;
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::level::{add_at_snr, amplitude_db};
use crate::noise::{drawn_seed, white};
use crate::{Change, Uniform, WaveformAugmentation};

/// Noise whose level falls or rises with frequency, at a ratio to the sound: as
/// `audiomentations.AddColorNoise`.
///
/// | colour | `f_decay` |
/// |---|---|
/// | brown (red) | −6.02 |
/// | pink | −3.01 |
/// | white | 0 |
/// | blue | 3.01 |
/// | violet | 6.02 |
///
/// White normal noise's spectrum times f^(f_decay / 6.02); below 20 Hz it is flat, or a falling one would
/// be hardly anything but what nobody hears. The ratio is that of the mean squares over the whole sound
/// and all channels, and is met exactly; each channel has a noise of its own. Silence stays silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorNoise {
    /// Decibels by which the sound is above the noise, −60 to 120. Default \[5, 40\].
    pub snr_db: Uniform,
    /// Decibels per octave, −24 to 24. Default \[−6, 6\].
    pub f_decay: Uniform,
    /// From which the samples are drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ColorNoise {
    fn default() -> Self {
        Self {
            snr_db: Uniform::between(5.0, 40.0),
            f_decay: Uniform::between(-6.0, 6.0),
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for ColorNoise {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.snr_db.check("color_noise", "snr_db", -60.0..=120.0)?;
        self.f_decay.check("color_noise", "f_decay", -24.0..=24.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            snr_db: self.snr_db.draw(rng),
            f_decay: self.f_decay.draw(rng),
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let exponent = self.f_decay.value() / amplitude_db(2.0);
        let flat = 20.0 / wave.rate().as_f64();
        // Relative to a place in the middle, so that the powers stay near 1.
        let gain = |frequency: f64| (frequency.max(flat) / 0.05).powf(exponent);
        let noise = anew(&wave, |index, row| {
            // One period of an endless noise: a transform of another length would cost more.
            let noise = white(row.len().next_power_of_two(), self.seed, index);
            let mut noise = spectral_gain(&noise, 0, gain)?;
            noise.truncate(row.len());
            Ok(noise)
        })?;
        add_at_snr(wave, &noise, self.snr_db.value())
    }
}
