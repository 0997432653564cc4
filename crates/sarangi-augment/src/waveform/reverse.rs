//! The other way round.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::{Change, WaveformAugmentation};

/// The last sample first, as `audiomentations.Reverse`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reverse {
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Reverse {
    fn default() -> Self {
        Self { p: 1.0 }
    }
}

impl Change<WaveformAugmentation> for Reverse {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        Ok(())
    }

    fn draw(&self, (): &(), _: &mut Rng) -> Self {
        Self { p: 1.0 }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        in_place(wave, |row| row.reverse())
    }
}
