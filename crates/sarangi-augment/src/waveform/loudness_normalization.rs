//! To one loudness.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::LoudnessMeter;
use serde::{Deserialize, Serialize};

use crate::level::{amplitude, scaled};
use crate::{Change, Uniform, WaveformAugmentation};

/// The whole sound louder or softer, so that its integrated loudness by ITU-R BS.1770-4 is `lufs`: as
/// `audiomentations.LoudnessNormalization`; measured by [`LoudnessMeter`]. Silence stays silence.
///
/// Nothing is clipped: samples may leave ±1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoudnessNormalization {
    /// Loudness units of full scale, −120 to 20. Default \[−31, −13\].
    pub lufs: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for LoudnessNormalization {
    fn default() -> Self {
        Self {
            lufs: Uniform::between(-31.0, -13.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for LoudnessNormalization {
    type Plan = LoudnessMeter;

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<LoudnessMeter> {
        self.lufs
            .check("loudness_normalization", "lufs", -120.0..=20.0)?;
        LoudnessMeter::new(rate)
    }

    fn draw(&self, _: &LoudnessMeter, rng: &mut Rng) -> Self {
        Self {
            lufs: self.lufs.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, meter: &LoudnessMeter, wave: Waveform) -> Result<Waveform> {
        let factor = amplitude(self.lufs.value() - meter.integrated(&wave)?);
        match factor.is_finite() {
            true => scaled(wave, factor),
            false => Ok(wave),
        }
    }
}
