//! In a room that nobody has built.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::{Band, Cascade, Convolver};
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::filter::frequencies;
use crate::level::amplitude;
use crate::noise::{drawn_seed, white};
use crate::{Change, Uniform, WaveformAugmentation};

/// The sound and a tail, as of a room with many walls: normal noise that decays exponentially, which is
/// what late reverberation is (Moorer, "About this reverberation business", 1979).
///
/// y = x + x ∗ h, h\[n\] = w · n\[n\] · 10^(−3 · n / (decay · rate)) after `pre_delay`; each channel has a tail
/// of its own, of energy 10^(wet_db / 10). Where audiomentations has `RoomSimulator`, a model of one box,
/// and torch-audiomentations `ApplyImpulseResponse`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reverb {
    /// Seconds in which the tail falls by 60 dB, 0.01 to 20. Default \[0.2, 1.5\].
    pub decay: Uniform,
    /// Seconds from the sound to its tail, 0 to 1. Default \[0, 0.03\].
    pub pre_delay: Uniform,
    /// The energy of the tail over that of the direct sound in decibels, −60 to 40. Default \[−20, −3\].
    pub wet_db: Uniform,
    /// Hz above which the tail is duller by 6 dB per octave, to just below half the rate. Default
    /// \[2000, 8000\], drawn on a logarithmic scale.
    pub damping: Uniform,
    /// Whether the sound is cut where it ended before. Default yes; **the sound becomes longer** otherwise.
    pub leave_length_unchanged: bool,
    /// From which the tail is drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Reverb {
    fn default() -> Self {
        Self {
            decay: Uniform::between(0.2, 1.5),
            pre_delay: Uniform::between(0.0, 0.03),
            wet_db: Uniform::between(-20.0, -3.0),
            damping: Uniform::between(2000.0, 8000.0),
            leave_length_unchanged: true,
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Reverb {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<()> {
        const SPEC: &str = "reverb";
        self.decay.check(SPEC, "decay", 0.01..=20.0)?;
        self.pre_delay.check(SPEC, "pre_delay", 0.0..=1.0)?;
        self.wet_db.check(SPEC, "wet_db", -60.0..=40.0)?;
        self.damping.check(SPEC, "damping", frequencies(rate))
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            decay: self.decay.draw(rng),
            pre_delay: self.pre_delay.draw(rng),
            wet_db: self.wet_db.draw(rng),
            damping: self.damping.draw_octaves(rng),
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let rate = wave.rate();
        let damping = Cascade::butterworth(1, Band::LowPass(self.damping.value() / rate.as_f64()))?;
        let wet = amplitude(self.wet_db.value());
        let delay = rate.samples(self.pre_delay.value());
        // The tail is 60 dB down at its end.
        let len = rate.samples(self.decay.value()).max(1);
        anew(&wave, |index, row| {
            let mut tail = white(len, self.seed, index);
            damping.filter(&mut tail);
            let mut energy = 0.0;
            for (n, x) in tail.iter_mut().enumerate() {
                *x *= amplitude(-60.0 * n as f64 / len as f64) as f32;
                energy += f64::from(*x).powi(2);
            }
            let scale = (wet / energy.sqrt().max(f64::MIN_POSITIVE)) as f32;
            let mut response = vec![0.0; delay];
            response.extend(tail.iter().map(|x| x * scale));
            let mut out = Convolver::new(&response)?.convolve(row)?;
            out.iter_mut().zip(row).for_each(|(y, x)| *y += x);
            if self.leave_length_unchanged {
                out.truncate(row.len());
            }
            Ok(out)
        })
    }
}
