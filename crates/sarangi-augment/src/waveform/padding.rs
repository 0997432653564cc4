//! One end replaced.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::pad::{PadMode, PadSection};
use crate::{Change, Uniform, WaveformAugmentation};

/// One end of the sound is replaced by silence, or by what a repetition or reflection of the rest gives:
/// as `audiomentations.Padding`, the length stays. [`AdjustDuration`](crate::AdjustDuration) makes
/// longer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Padding {
    /// With what. Default `silence`.
    pub mode: PadMode,
    /// How much, as a share of the length, 0 to 1. Default \[0.01, 0.7\].
    pub fraction: Uniform,
    /// At which end. Default `end`.
    pub pad_section: PadSection,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Padding {
    fn default() -> Self {
        Self {
            mode: PadMode::Silence,
            fraction: Uniform::between(0.01, 0.7),
            pad_section: PadSection::End,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Padding {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.fraction.check("padding", "fraction", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            fraction: self.fraction.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let pad = (self.fraction.value() * wave.len() as f64).round() as usize;
        let pad = pad.min(wave.len());
        anew(&wave, |_, row| {
            Ok(match self.pad_section {
                PadSection::Start => self.mode.padded(&row[pad..], pad, self.pad_section),
                PadSection::End => self
                    .mode
                    .padded(&row[..row.len() - pad], pad, self.pad_section),
            })
        })
    }
}
