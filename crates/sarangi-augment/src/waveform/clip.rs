//! No louder than a threshold.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::level::amplitude;
use crate::{Change, Uniform, WaveformAugmentation};

/// Samples beyond ±T are pressed to it, T = 10^(threshold_db / 20): `audiomentations.Clip`.
///
/// Below 0 dB it is the distortion of an amplifier that is driven too hard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clip {
    /// Decibels of full scale, −120 to 60. Default 0.
    pub threshold_db: Uniform,
    /// How. Default `hard`.
    pub shape: Clipping,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Clip {
    fn default() -> Self {
        Self {
            threshold_db: Uniform::fixed(0.0),
            shape: Clipping::Hard,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Clip {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.threshold_db
            .check("clip", "threshold_db", -120.0..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            threshold_db: self.threshold_db.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let threshold = amplitude(self.threshold_db.value());
        in_place(wave, |row| match self.shape {
            Clipping::Hard => {
                let threshold = threshold as f32;
                row.iter_mut()
                    .for_each(|x| *x = x.clamp(-threshold, threshold));
            }
            Clipping::Tanh => row
                .iter_mut()
                .for_each(|x| *x = (threshold * (f64::from(*x) / threshold).tanh()) as f32),
        })
    }
}

/// How samples are kept within a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clipping {
    /// Cut off: those below the threshold stay as they are.
    #[default]
    Hard,
    /// Bent: y = T · tanh(x / T), which never reaches the threshold and makes softer what is far
    /// below it by little.
    Tanh,
}
