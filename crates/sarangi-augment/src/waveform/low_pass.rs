//! Without the highs.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Band;
use serde::{Deserialize, Serialize};

use crate::filter::{butterworth, check_rolloff, draw_rolloff, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

/// Only what is below a frequency passes: Butterworth's low-pass of the order
/// rolloff / 6, as `audiomentations.LowPassFilter` (which draws on the scale of mels) and
/// `scipy.signal.butter`.
///
/// The filter begins as if the first sample had stood there for ever, so that a part of a longer sound
/// does not begin with a thump.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LowPass {
    /// Hz at which the gain is −3 dB, 1 to just below half the rate. Default
    /// \[150, 7500\], drawn on a logarithmic scale.
    pub cutoff_freq: Uniform,
    /// Decibels per octave beyond, multiples of 6 up to 96. Default \[12, 24\].
    pub rolloff: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for LowPass {
    fn default() -> Self {
        Self {
            cutoff_freq: Uniform::between(150.0, 7500.0),
            rolloff: Uniform::between(12.0, 24.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for LowPass {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        self.cutoff_freq
            .check("low_pass", "cutoff_freq", frequencies(rate))?;
        check_rolloff("low_pass", self.rolloff)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            cutoff_freq: self.cutoff_freq.draw_octaves(rng),
            rolloff: draw_rolloff(self.rolloff, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let edge = self.cutoff_freq.value() / wave.rate().as_f64();
        butterworth(wave, self.rolloff, Band::LowPass(edge))
    }
}
