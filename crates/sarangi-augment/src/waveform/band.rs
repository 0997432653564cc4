//! What is near a frequency, or all but that.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Band;
use serde::{Deserialize, Serialize};

use crate::filter::{butterworth, check_rolloff, draw_rolloff, edges, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

macro_rules! band {
    ($(#[$doc:meta])* $name:ident, $spec:literal: $band:path) => {
        $(#[$doc])*
        ///
        /// Butterworth's filter of the order `rolloff` / 6, as of `scipy.signal.butter`; audiomentations
        /// draws on the scale of mels. The edges lie at
        /// `center_freq` · (1 ± `bandwidth_fraction` / 2), the upper one below half the rate. The filter
        /// begins as if the first sample had stood there for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Hz in the middle, 1 to just below half the rate. Default \[200, 4000\], drawn on a
            /// logarithmic scale.
            pub center_freq: Uniform,
            /// Hz between the edges, where the gain is −3 dB, as a share of the centre; 0.001 to 1.999.
            /// Default \[0.5, 1.99\].
            pub bandwidth_fraction: Uniform,
            /// Decibels per octave beyond each edge, multiples of 6 up to 96. Default \[12, 24\].
            pub rolloff: Uniform,
            /// How likely it is that an example is changed. Default 1.
            pub p: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    center_freq: Uniform::between(200.0, 4000.0),
                    bandwidth_fraction: Uniform::between(0.5, 1.99),
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
                let (center, share) = (self.center_freq, self.bandwidth_fraction);
                center.check($spec, "center_freq", frequencies(rate))?;
                share.check($spec, "bandwidth_fraction", 0.001..=1.999)?;
                edges($spec, center.highest(), share.highest(), rate)?;
                check_rolloff($spec, self.rolloff)
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
                let [low, high] = edges($spec, center, share, wave.rate())?;
                butterworth(wave, self.rolloff, $band(low, high))
            }
        }
    };
}

band! {
    /// Only what is near a frequency passes, as `audiomentations.BandPassFilter`.
    BandPass, "band_pass": Band::BandPass
}

band! {
    /// All but what is near a frequency passes, as `audiomentations.BandStopFilter`.
    BandStop, "band_stop": Band::BandStop
}
