//! To one peak.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::level::{amplitude, peak, scaled};
use crate::{Change, Uniform, WaveformAugmentation};

/// The loudest sample of all channels is brought to 10^(peak_db / 20), as `audiomentations.Normalize`
/// and `librosa.util.normalize` bring it to 1. Silence stays silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Normalize {
    /// Decibels of full scale, −120 to 60. Default 0.
    pub peak_db: Uniform,
    /// To which sounds. Default `all`.
    pub apply_to: ApplyTo,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Normalize {
    fn default() -> Self {
        Self {
            peak_db: Uniform::fixed(0.0),
            apply_to: ApplyTo::All,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Normalize {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.peak_db.check("normalize", "peak_db", -120.0..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            peak_db: self.peak_db.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let factor = amplitude(self.peak_db.value()) / peak(&wave);
        let spared = self.apply_to == ApplyTo::OnlyTooLoudSounds && factor >= 1.0;
        match factor.is_finite() && !spared {
            true => scaled(wave, factor),
            false => Ok(wave),
        }
    }
}

/// Which sounds are brought to a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyTo {
    /// All but silence.
    #[default]
    All,
    /// Those that are beyond it.
    OnlyTooLoudSounds,
}
