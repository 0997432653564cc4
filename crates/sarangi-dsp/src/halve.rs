//! Half the sampling rate.

use pulp::Simd;

use crate::kaiser::KaiserSinc;
use crate::lanes::LANES;
use crate::simd::{Kernel, load, run};

/// Where the filter has lost 6 dB, as a share of the new Nyquist frequency.
const CUTOFF: f64 = 0.956_872;
/// Half the filter's length in samples.
const REACH: f64 = 194.5;
/// The shape of its Kaiser window.
const BETA: f64 = 13.04;

/// Halves the sampling rate of a signal by a filter of linear phase, without delay: flat to 0.91 of
/// the new Nyquist frequency; from there on nothing is left but the rounding of single precision, 128
/// dB down.
///
/// It is the filter of soxr's recipe HQ for this ratio, librosa's `res_type="soxr_hq"`, to 4e-8: a
/// windowed sinc, whose three numbers were found from soxr's response to an impulse (python-soxr
/// 0.5.0). So transforms that halve the rate on their way, such as the constant-Q transform, come
/// out as librosa's.
#[derive(Debug)]
pub struct Halve {
    /// The middle tap.
    middle: f32,
    /// The taps at distances 2, 4, … from the middle.
    even: Vec<f32>,
    /// The taps at distances 1, 3, ….
    odd: Vec<f32>,
}

impl Default for Halve {
    fn default() -> Self {
        Self::new()
    }
}

impl Halve {
    /// Designs the filter.
    pub fn new() -> Self {
        let sinc = KaiserSinc {
            cutoff: CUTOFF / 4.0,
            reach: REACH,
            beta: BETA,
        };
        let taps = sinc.taps();
        let every = |first: usize| {
            let taps = taps.iter().skip(first).step_by(2);
            taps.map(|&tap| tap as f32).collect()
        };
        Self {
            middle: taps[0] as f32,
            even: every(2),
            odd: every(1),
        }
    }

    /// The signal at half its rate, ⌈samples / 2⌉ long; beyond its ends are zeros.
    pub fn process(&self, signal: &[f32]) -> Vec<f32> {
        let len = signal.len().div_ceil(2);
        let reach = self.even.len().max(self.odd.len());
        let (pairs, rest) = signal.as_chunks::<2>();
        let even = pairs.iter().map(|[even, _]| *even);
        let even = padded(reach, len, even.chain(rest.iter().copied()));
        let odd = padded(reach, len, pairs.iter().map(|[_, odd]| *odd));
        let mut out = vec![0.0; len];
        run(Filter {
            halve: self,
            reach,
            even: &even,
            odd: &odd,
            out: &mut out,
        });
        out
    }
}

/// One phase of the signal with zeros before and after; the last vector of outputs is computed whole.
fn padded(reach: usize, len: usize, samples: impl Iterator<Item = f32>) -> Vec<f32> {
    let size = len.next_multiple_of(LANES) + 2 * reach;
    let mut phase = Vec::with_capacity(size);
    phase.resize(reach, 0.0);
    phase.extend(samples);
    phase.resize(size, 0.0);
    phase
}

struct Filter<'a> {
    halve: &'a Halve,
    /// Zeros before the first sample.
    reach: usize,
    even: &'a [f32],
    odd: &'a [f32],
    out: &'a mut [f32],
}

/// Vectors of outputs that are summed at once, so that no sum waits for its own last addition.
const WIDE: usize = 4;

impl Kernel for Filter<'_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let out = std::mem::take(&mut self.out);
        let wide = WIDE * S::F32_LANES;
        let mut first = self.reach;
        let mut blocks = out.chunks_exact_mut(wide);
        for out in &mut blocks {
            self.outputs::<S, WIDE>(simd, first, out);
            first += wide;
        }
        for out in blocks.into_remainder().chunks_mut(S::F32_LANES) {
            self.outputs::<S, 1>(simd, first, out);
            first += S::F32_LANES;
        }
    }
}

impl Filter<'_> {
    #[inline(always)]
    fn outputs<S: Simd, const N: usize>(&self, simd: S, first: usize, out: &mut [f32]) {
        let Halve { middle, even, odd } = self.halve;
        // Sample 2m + k lies at m + k / 2 of its own phase. Small taps are added up first.
        let mut sums = [simd.splat_f32s(0.0); N];
        add_pairs::<S, N>(simd, odd, self.odd, [first, first], &mut sums);
        add_pairs::<S, N>(simd, even, self.even, [first, first + 1], &mut sums);
        let tap = simd.splat_f32s(*middle);
        for (i, (sum, out)) in sums.iter().zip(out.chunks_mut(S::F32_LANES)).enumerate() {
            let product = simd.mul_f32s(tap, load::<S>(self.even, first + i * S::F32_LANES));
            simd.partial_store_f32s(out, simd.add_f32s(product, *sum));
        }
    }
}

/// Adds each tap times the two samples it weighs, which lie so far before `ends[0]` and from
/// `ends[1]` on; of `N` vectors of neighbouring outputs.
#[inline(always)]
fn add_pairs<S: Simd, const N: usize>(
    simd: S,
    taps: &[f32],
    phase: &[f32],
    [end, start]: [usize; 2],
    sums: &mut [S::f32s; N],
) {
    let wide = N * S::F32_LANES;
    // Windows of known length, so that nothing is checked within them.
    let before = phase[end - taps.len()..end + wide - 1].windows(wide);
    let after = phase[start..start + taps.len() + wide - 1].windows(wide);
    for ((&tap, before), after) in taps.iter().rev().zip(before).zip(after.rev()) {
        let tap = simd.splat_f32s(tap);
        for (i, sum) in sums.iter_mut().enumerate() {
            let at = i * S::F32_LANES;
            let both = simd.add_f32s(load::<S>(after, at), load::<S>(before, at));
            *sum = simd.add_f32s(*sum, simd.mul_f32s(tap, both));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
                    assert_eq!(out[m as usize], out[mirror as usize], "{place}");
                }
            }
            let peak = out.iter().copied().fold(0.0, f32::max);
            assert!(peak == out[place / 2] || peak == out[place.div_ceil(2)]);
        }
    }
}
