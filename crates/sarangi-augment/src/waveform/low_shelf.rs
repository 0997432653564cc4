//! More or less of the lows.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Biquad;
use serde::{Deserialize, Serialize};

use crate::filter::{equalised, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

/// What is below a frequency louder or softer, half as many decibels at the frequency itself: `audiomentations.LowShelfFilter`, which draws on the scale of mels, and
/// `torchaudio.functional.bass_biquad`.
///
/// The filter begins as if the first sample had stood there for ever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LowShelf {
    /// Hz, 1 to just below half the rate. Default \[50, 4000\], drawn on a logarithmic scale.
    pub center_freq: Uniform,
    /// Decibels, −60 to 60. Default \[−18, 18\].
    pub gain_db: Uniform,
    /// How steep, 0.01 to 100; above 0.707 the curve overshoots. Default \[0.1, 0.999\].
    pub q: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for LowShelf {
    fn default() -> Self {
        Self {
            center_freq: Uniform::between(50.0, 4000.0),
            gain_db: Uniform::between(-18.0, 18.0),
            q: Uniform::between(0.1, 0.999),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for LowShelf {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        self.center_freq
            .check("low_shelf", "center_freq", frequencies(rate))?;
        self.gain_db.check("low_shelf", "gain_db", -60.0..=60.0)?;
        self.q.check("low_shelf", "q", 0.01..=100.0)
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
        let equaliser = Biquad::low_shelf(frequency, self.gain_db.value(), self.q.value())?;
        equalised(wave, equaliser)
    }
}
