//! Only the middle.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Band;
use serde::{Deserialize, Serialize};

use crate::filter::{butterworth, check_rolloff, draw_rolloff, edges, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

/// Only what is near a frequency passes: Butterworth's band-pass of the order
/// rolloff / 6, as `audiomentations.BandPassFilter` (which draws on the scale of mels) and
/// `scipy.signal.butter`.
///
/// The edges lie at center_freq · (1 ± bandwidth_fraction / 2), the upper one below half the rate. The
/// filter begins as if the first sample had stood there for ever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BandPass {
    /// Hz in the middle, 1 to just below half the rate. Default \[200, 4000\], drawn on a logarithmic
    /// scale.
    pub center_freq: Uniform,
    /// Hz between the edges, where the gain is −3 dB, as a share of the centre; 0.001 to 1.999. Default
    /// \[0.5, 1.99\].
    pub bandwidth_fraction: Uniform,
    /// Decibels per octave beyond each edge, multiples of 6 up to 96. Default \[12, 24\].
    pub rolloff: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for BandPass {
    fn default() -> Self {
        Self {
            center_freq: Uniform::between(200.0, 4000.0),
            bandwidth_fraction: Uniform::between(0.5, 1.99),
            rolloff: Uniform::between(12.0, 24.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for BandPass {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        const SPEC: &str = "band_pass";
        self.center_freq
            .check(SPEC, "center_freq", frequencies(rate))?;
        self.bandwidth_fraction
            .check(SPEC, "bandwidth_fraction", 0.001..=1.999)?;
        let (center, share) = (
            self.center_freq.highest(),
            self.bandwidth_fraction.highest(),
        );
        edges(SPEC, center, share, rate)?;
        check_rolloff(SPEC, self.rolloff)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            center_freq: self.center_freq.draw_octaves(rng),
            bandwidth_fraction: self.bandwidth_fraction.draw(rng),
            rolloff: draw_rolloff(self.rolloff, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let (center, share) = (self.center_freq.value(), self.bandwidth_fraction.value());
        let [low, high] = edges("band_pass", center, share, wave.rate())?;
        butterworth(wave, self.rolloff, Band::BandPass(low, high))
    }
}
