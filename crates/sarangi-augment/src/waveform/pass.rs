//! What is below a frequency, or above.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Band;
use serde::{Deserialize, Serialize};

use crate::filter::{butterworth, check_rolloff, draw_rolloff, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

macro_rules! pass {
    ($(#[$doc:meta])* $name:ident, $spec:literal: $band:path, $low:literal to $high:literal) => {
        $(#[$doc])*
        ///
        /// Butterworth's filter of the order `rolloff` / 6, as of `scipy.signal.butter`; audiomentations
        /// draws on the scale of mels. The filter begins as if the first sample had stood there for
        /// ever, so that a part of a longer sound does not begin with a thump.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Hz at which the gain is −3 dB, 1 to just below half the rate.
            #[doc = concat!("Default \\[", $low, ", ", $high, "\\], drawn on a logarithmic scale.")]
            pub cutoff_freq: Uniform,
            /// Decibels per octave beyond, multiples of 6 up to 96. Default \[12, 24\].
            pub rolloff: Uniform,
            /// How likely it is that an example is changed. Default 1.
            pub p: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    cutoff_freq: Uniform::between(f64::from($low), f64::from($high)),
                    rolloff: Uniform::between(12.0, 24.0),
                    p: 1.0,
                }
            }
        }

        impl Change<WaveformAugmentation> for $name {
            type Plan = ();

            fn p(&self) -> f64 {
                self.p
            }

            fn plan(&self, rate: SampleRate) -> Result<()> {
                let range = frequencies(rate);
                self.cutoff_freq.check($spec, "cutoff_freq", range)?;
                check_rolloff($spec, self.rolloff)
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
                butterworth(wave, self.rolloff, $band(edge))
            }
        }
    };
}

pass! {
    /// Only what is below a frequency passes, as `audiomentations.LowPassFilter`.
    LowPass, "low_pass": Band::LowPass, 150 to 7500
}

pass! {
    /// Only what is above a frequency passes, as `audiomentations.HighPassFilter`.
    HighPass, "high_pass": Band::HighPass, 20 to 2400
}
