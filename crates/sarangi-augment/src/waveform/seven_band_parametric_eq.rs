//! The knobs of an amplifier.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::{Biquad, Cascade};
use serde::{Deserialize, Serialize};

use crate::filter::{filtered, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

/// Seven bands louder or softer: a low shelf, five peaks and a high shelf, one after the other, as
/// `audiomentations.SevenBandParametricEQ`. See [`LowShelf`](crate::LowShelf),
/// [`Peaking`](crate::Peaking), [`HighShelf`](crate::HighShelf).
///
/// The highest default needs a rate above 19,010 Hz.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SevenBandParametricEq {
    /// Hz of each band, 1 to just below half the rate. Default from \[42, 95\] to \[4216, 9486\], each drawn
    /// on a logarithmic scale.
    pub center_freq: [Uniform; 7],
    /// Decibels of each band, −60 to 60. Default \[−12, 12\].
    pub gain_db: [Uniform; 7],
    /// How narrow each is, 0.01 to 100. Default \[0.1, 0.999\] for the two shelves, \[0.5, 5\] between.
    pub q: [Uniform; 7],
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for SevenBandParametricEq {
    fn default() -> Self {
        Self {
            center_freq: CENTERS.map(|[low, high]| Uniform::between(low, high)),
            gain_db: [Uniform::between(-12.0, 12.0); 7],
            q: QUALITIES.map(|[low, high]| Uniform::between(low, high)),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for SevenBandParametricEq {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        const SPEC: &str = "seven_band_parametric_eq";
        for band in 0..7 {
            self.center_freq[band].check(SPEC, "center_freq", frequencies(rate))?;
            self.gain_db[band].check(SPEC, "gain_db", -60.0..=60.0)?;
            self.q[band].check(SPEC, "q", 0.01..=100.0)?;
        }
        Ok(())
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            center_freq: self.center_freq.map(|center| center.draw_octaves(rng)),
            gain_db: self.gain_db.map(|gain| gain.draw(rng)),
            q: self.q.map(|q| q.draw(rng)),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let rate = wave.rate().as_f64();
        let bands = (0..7).map(|band| {
            let equaliser = match band {
                0 => Biquad::low_shelf,
                6 => Biquad::high_shelf,
                _ => Biquad::peaking,
            };
            let frequency = self.center_freq[band].value() / rate;
            equaliser(frequency, self.gain_db[band].value(), self.q[band].value())
        });
        filtered(wave, &Cascade::new(bands.collect::<Result<_>>()?))
    }
}

const CENTERS: [[f64; 2]; 7] = [
    [42.0, 95.0],
    [91.0, 204.0],
    [196.0, 441.0],
    [421.0, 948.0],
    [909.0, 2045.0],
    [1957.0, 4404.0],
    [4216.0, 9486.0],
];

const QUALITIES: [[f64; 2]; 7] = [
    [0.1, 0.999],
    [0.5, 5.0],
    [0.5, 5.0],
    [0.5, 5.0],
    [0.5, 5.0],
    [0.5, 5.0],
    [0.1, 0.999],
];
