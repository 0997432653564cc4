//! More or less of the middle.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Biquad;
use serde::{Deserialize, Serialize};

use crate::filter::{equalised, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

/// What is near a frequency louder or softer, one band of an equaliser: `audiomentations.PeakingFilter`, which draws on the scale of mels, and
/// `torchaudio.functional.equalizer_biquad`.
///
/// The filter begins as if the first sample had stood there for ever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peaking {
    /// Hz, 1 to just below half the rate. Default \[50, 7500\], drawn on a logarithmic scale.
    pub center_freq: Uniform,
    /// Decibels, −60 to 60. Default \[−24, 24\].
    pub gain_db: Uniform,
    /// How narrow, 0.01 to 100: the centre over the width in Hz. Default \[0.5, 5\].
    pub q: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Peaking {
    fn default() -> Self {
        Self {
            center_freq: Uniform::between(50.0, 7500.0),
            gain_db: Uniform::between(-24.0, 24.0),
            q: Uniform::between(0.5, 5.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Peaking {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        self.center_freq
            .check("peaking", "center_freq", frequencies(rate))?;
        self.gain_db.check("peaking", "gain_db", -60.0..=60.0)?;
        self.q.check("peaking", "q", 0.01..=100.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            center_freq: self.center_freq.draw_octaves(rng),
            gain_db: self.gain_db.draw(rng),
            q: self.q.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let frequency = self.center_freq.value() / wave.rate().as_f64();
        let equaliser = Biquad::peaking(frequency, self.gain_db.value(), self.q.value())?;
        equalised(wave, equaliser)
    }
}
