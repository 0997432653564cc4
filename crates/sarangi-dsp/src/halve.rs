//! Half the sampling rate.

use crate::resample::blocks::{Blocks, REACH};

/// What the filter hears of a signal before and after a sample.
const HEARD: usize = 2 * REACH as usize;

/// Silence is looked for in pieces of so many samples, of which what the filter hears holds a whole one.
const PIECE: usize = HEARD / 2;

/// Halves the sampling rate of a signal by a filter of linear phase, without delay: flat to 0.91 of
/// the new Nyquist frequency; from there on nothing is left but the rounding of single precision, 128
/// dB down.
///
/// It is the filter of soxr's recipe HQ for this ratio, librosa's `res_type="soxr_hq"`, and that of
/// [`resample`](crate::resample()): a windowed sinc, whose three numbers were found from soxr's response
/// to an impulse (python-soxr 0.5.0), to 4e-8. So transforms that halve the rate on their way, such as
/// the constant-Q transform, come out as librosa's. Blocks of some thousand samples are filtered as
/// spectra, which rounds by 1e-7 of what is loudest in the block; silence stays silent.
#[derive(Debug)]
pub struct Halve(Blocks);

impl Default for Halve {
    fn default() -> Self {
        Self::new()
    }
}

impl Halve {
    /// Designs the filter.
    pub fn new() -> Self {
        Self(Blocks::new(2, 1))
    }

    /// The signal at half its rate, ⌈samples / 2⌉ long; beyond its ends are zeros.
    pub fn process(&self, signal: &[f32]) -> Vec<f32> {
        let (overlap, taken) = (self.0.overlap(), self.0.taken());
        let count = signal.len().div_ceil(taken);
        let mut padded = Vec::with_capacity(count * taken + 2 * overlap);
        padded.resize(overlap, 0.0);
        padded.extend_from_slice(signal);
        padded.resize(count * taken + 2 * overlap, 0.0);
        let mut room = self.0.room();
        let mut out = Vec::with_capacity(count * taken / 2);
        for first in (0..count * taken).step_by(taken) {
            let samples = &padded[first..first + self.0.needed()];
            self.0.run(samples, &mut room, &mut out);
        }
        out.truncate(signal.len().div_ceil(2));
        silence(signal, &mut out);
        out
    }
}

/// Makes zeros of what the filter hears nothing of: transforms leave the rounding of what is loud
/// elsewhere in their block, which would be all there is of a silent frame, whatever it is divided by.
fn silence(signal: &[f32], out: &mut [f32]) {
    let is_sound = |x: &f32| *x != 0.0;
    let (mut known, mut at) = (0, 0);
    while at < signal.len() {
        let end = signal.len().min(at + PIECE);
        if signal[at..end].iter().any(is_sound) {
            at = end;
            continue;
        }
        let before = signal[known..at].iter().rposition(is_sound);
        let after = signal[end..].iter().position(is_sound);
        // Value m hears the samples 2m − HEARD to 2m + HEARD.
        let first = before.map_or(0, |i| (known + i + 1 + HEARD).div_ceil(2));
        let last = after.map_or(out.len(), |i| (end + i).saturating_sub(HEARD).div_ceil(2));
        if let Some(silent) = out.get_mut(first..last) {
            silent.fill(0.0);
        }
        at = after.map_or(signal.len(), |i| end + i);
        known = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kaiser::KaiserSinc;
    use sarangi_core::Seed;
    use std::f64::consts::TAU;

    /// The level of a tone at a share of the new Nyquist frequency behind the filter, in decibels.
    fn level(share: f64) -> f64 {
        // A sine and a cosine, whose squares add up to the same at any time.
        let [a, b] = [0.0, 0.25].map(|turn| {
            let tone = |n: u32| (TAU * (0.25 * share * f64::from(n) + turn)).sin() as f32;
            Halve::new().process(&(0..8192).map(tone).collect::<Vec<f32>>())
        });
        let inner = 512..a.len() - 512;
        let square = |x: f32| f64::from(x).powi(2);
        let power: f64 = inner.clone().map(|n| square(a[n]) + square(b[n])).sum();
        10.0 * (power / inner.len() as f64).log10()
    }

    /// The levels were measured of python-soxr 0.5.0, quality HQ, at the nearest of 131,072 frequencies.
    #[test]
    fn the_response_is_that_of_soxr() {
        for (share, want, tolerance) in [
            (0.01, 0.0, 1e-5),
            (0.5, 0.0, 1e-5),
            (0.9, 0.0, 1e-5),
            (0.93, -0.074, 1e-3),
            (0.944, -1.2807, 1e-2),
            (0.956, -5.5256, 0.05),
            (0.97, -17.4984, 0.1),
            (0.99, -59.3729, 0.5),
        ] {
            let level = level(share);
            assert!((level - want).abs() < tolerance, "{share}: {level} dB");
        }
        // What is left is the rounding of single precision.
        for share in [1.0, 1.01, 1.1, 1.5, 1.9] {
            let level = level(share);
            assert!(level < -125.0, "{share}: {level} dB");
        }
    }

    #[test]
    fn a_sample_keeps_its_place_and_short_signals_pass() {
        let halve = Halve::new();
        for len in [0usize, 1, 2, 3, 33] {
            assert_eq!(halve.process(&vec![1.0; len]).len(), len.div_ceil(2));
        }
        for place in [40, 41] {
            let mut click = vec![0.0; 400];
            click[place] = 1.0;
            let out = halve.process(&click);
            for m in 0..40 {
                // The same on both sides of where it was.
                let mirror = place as isize - m;
                if (0..=m).contains(&mirror) && (mirror + place as isize) % 2 == 0 {
                    let [a, b] = [m, mirror].map(|m| out[m as usize]);
                    assert!((a - b).abs() < 6e-8, "{place}: {a} {b}");
                }
            }
            let peak = out.iter().copied().fold(0.0, f32::max);
            assert!(peak == out[place / 2] || peak == out[place.div_ceil(2)]);
        }
    }

    /// The definition, in double precision.
    #[test]
    fn values_are_those_of_the_filter() {
        let sinc = KaiserSinc {
            cutoff: 0.956_872 / 4.0,
            reach: 194.5,
            beta: 13.04,
        };
        let taps = sinc.taps();
        let mut rng = Seed(1).named("halve");
        for len in [1usize, 300, 2416, 2417, 9001] {
            let signal: Vec<f32> = (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            let out = Halve::new().process(&signal);
            for (m, &got) in out.iter().enumerate() {
                let heard = (2 * m).saturating_sub(194)..len.min(2 * m + 195);
                let terms = heard.map(|n| taps[n.abs_diff(2 * m)] * f64::from(signal[n]));
                let want: f64 = terms.sum();
                assert!(
                    (f64::from(got) - want).abs() < 1e-6,
                    "{len} {m}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn silence_beside_sound_stays_silent() {
        let mut rng = Seed(2).named("halve");
        for sound in [0..1, 700..1500, 1000..1010, 3999..4000, 0..4000, 0..0] {
            let mut signal = vec![0.0; 4000];
            signal[sound.clone()].fill_with(|| rng.range(0.5, 1.0) as f32);
            let out = Halve::new().process(&signal);
            for (m, &x) in out.iter().enumerate() {
                let heard = (2 * m).saturating_sub(194)..2 * m + 195;
                let hears = heard.start < sound.end && sound.start < heard.end && !sound.is_empty();
                assert!(hears || x == 0.0, "{sound:?} {m}: {x}");
            }
        }
    }
}
