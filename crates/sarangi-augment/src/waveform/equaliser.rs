//! More or less of the lows, the highs, or what is near a frequency.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Biquad;
use serde::{Deserialize, Serialize};

use crate::filter::{equalised, frequencies};
use crate::{Change, Uniform, WaveformAugmentation};

macro_rules! equaliser {
    (
        $(#[$doc:meta])* $name:ident, $spec:literal: $biquad:path,
        center_freq $low:literal to $high:literal, gain_db $gain:literal,
        $(#[$q_doc:meta])* q $narrow:literal to $wide:literal
    ) => {
        $(#[$doc])*
        ///
        /// audiomentations draws on the scale of mels. The filter begins as if the first sample had
        /// stood there for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// Hz, 1 to just below half the rate.
            #[doc = concat!("Default \\[", $low, ", ", $high, "\\], drawn on a logarithmic scale.")]
            pub center_freq: Uniform,
            /// Decibels, −60 to 60.
            #[doc = concat!("Default \\[−", $gain, ", ", $gain, "\\].")]
            pub gain_db: Uniform,
            $(#[$q_doc])*
            #[doc = concat!("Default \\[", $narrow, ", ", $wide, "\\].")]
            pub q: Uniform,
            /// How likely it is that an example is changed. Default 1.
            pub p: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    center_freq: Uniform::between(f64::from($low), f64::from($high)),
                    gain_db: Uniform::between(-f64::from($gain), f64::from($gain)),
                    q: Uniform::between($narrow, $wide),
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
                self.center_freq.check($spec, "center_freq", range)?;
                self.gain_db.check($spec, "gain_db", -60.0..=60.0)?;
                self.q.check($spec, "q", 0.01..=100.0)
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
                let equaliser = $biquad(frequency, self.gain_db.value(), self.q.value())?;
                equalised(wave, equaliser)
            }
        }
    };
}

equaliser! {
    /// What is below a frequency louder or softer, half as many decibels at the frequency itself:
    /// `audiomentations.LowShelfFilter`, `torchaudio.functional.bass_biquad`.
    LowShelf, "low_shelf": Biquad::low_shelf,
    center_freq 50 to 4000, gain_db 18,
    /// How steep, 0.01 to 100; above 0.707 the curve overshoots.
    q 0.1 to 0.999
}

equaliser! {
    /// What is above a frequency louder or softer, half as many decibels at the frequency itself:
    /// `audiomentations.HighShelfFilter`, `torchaudio.functional.treble_biquad`.
    HighShelf, "high_shelf": Biquad::high_shelf,
    center_freq 300 to 7500, gain_db 18,
    /// How steep, 0.01 to 100; above 0.707 the curve overshoots.
    q 0.1 to 0.999
}

equaliser! {
    /// What is near a frequency louder or softer, one band of an equaliser:
    /// `audiomentations.PeakingFilter`, `torchaudio.functional.equalizer_biquad`.
    Peaking, "peaking": Biquad::peaking,
    center_freq 50 to 7500, gain_db 24,
    /// How narrow, 0.01 to 100: the centre over the width in Hz.
    q 0.5 to 5.0
}
