//! Values between those of a narrow band.

use std::f64::consts::{PI, TAU};
use std::ops::Range;

use num_complex::Complex32;
use pulp::Simd;

use crate::apart::Apart;
use crate::kaiser::bessel;
use crate::lanes::LANES;
use crate::simd::{Kernel, load, run, store};

/// −ln of the share of a tone that may be heard at the wrong frequency: 5e-8, what single precision
/// rounds by.
const REJECTION: f64 = 16.8;

/// Values that are computed at once: they stay in the first cache.
const CHUNK: usize = 1024;

/// Gives a periodic sequence of complex numbers, whose spectrum is a narrow band, at a multiple of its
/// places.
///
/// A value is the sum of its neighbours, weighed by a Kaiser–Bessel window around it, turned with the
/// band's middle frequency. Tones come out by that window's transform too large
/// ([`gain`](Self::gain)), by which whoever has their spectrum divides it first: then nothing is wrong
/// but what the window hears of the band's repetitions (P. J. Beatty, D. G. Nishimura and J. M. Pauly,
/// "Rapid gridding reconstruction with a minimal oversampling ratio", 2005).
#[derive(Clone, Debug)]
pub struct Upsample {
    factor: usize,
    /// Neighbours of a value.
    taps: usize,
    beta: f64,
    /// What the window is divided by, its height.
    height: f64,
    /// The middle of the band.
    center: f64,
    /// What each of sixteen values weighs its neighbours with, for all places between two neighbours.
    weights: Vec<Apart>,
}

/// Working memory of an [`Upsample`].
#[derive(Clone, Debug, Default)]
pub struct UpsampleScratch {
    re: Vec<f32>,
    im: Vec<f32>,
    chunk: Vec<Complex32>,
}

impl Upsample {
    /// How many times as wide as the band the sequence's own range of frequencies must be, at least.
    pub const ROOM: f64 = 1.3;

    /// Plans for `factor` times as many values, rounded up to a power of two (2 to 64), of a band in
    /// cycles per value of the sequence, at most 1 / [`ROOM`](Self::ROOM) wide.
    pub fn new(factor: usize, band: Range<f64>) -> Self {
        let factor = factor.clamp(2, 64).next_power_of_two();
        let room = 1.0 / (band.end - band.start).clamp(1e-3, 1.0 / Self::ROOM);
        let taps = REJECTION / (PI * (1.0 - 1.0 / room).sqrt());
        let taps = 2 * (taps / 2.0).ceil() as usize;
        let length = taps as f64 / room * (room - 0.5);
        let beta = PI * (length * length - 0.8).max(0.0).sqrt();
        let mut plan = Self {
            factor,
            taps,
            beta,
            height: bessel(beta),
            center: (band.start + band.end) / 2.0,
            weights: Vec::new(),
        };
        for part in 0..factor.div_ceil(LANES) {
            for tap in 0..taps {
                let mut weights = Apart::ZERO;
                for lane in 0..LANES {
                    let between = (part * LANES + lane) % factor;
                    let [re, im] = plan.weight(between as f64 / factor as f64, tap);
                    (weights.re[lane], weights.im[lane]) = (re as f32, im as f32);
                }
                plan.weights.push(weights);
            }
        }
        plan
    }

    /// By how much a tone of so many cycles per value of the sequence comes out too large.
    pub fn gain(&self, frequency: f64) -> f64 {
        let taps = self.taps as f64;
        let square = self.beta.powi(2) - (PI * taps * (frequency - self.center)).powi(2);
        let root = square.abs().sqrt();
        let shape = if root < 1e-6 {
            1.0
        } else if square > 0.0 {
            root.sinh() / root
        } else {
            root.sin() / root
        };
        taps * shape / self.height
    }

    /// What a value so far behind its last neighbour but `taps` / 2 − 1 weighs neighbour `tap` with.
    fn weight(&self, between: f64, tap: usize) -> [f64; 2] {
        let half = self.taps as f64 / 2.0;
        let distance = between + half - 1.0 - tap as f64;
        let inside = 1.0 - (distance / half).powi(2);
        let window = match inside >= 0.0 {
            true => bessel(self.beta * inside.sqrt()) / self.height,
            false => 0.0,
        };
        let angle = TAU * self.center * distance;
        [window * angle.cos(), window * angle.sin()]
    }

    /// Gives the first `count` values to `each`, some at a time and in order; value i · factor is
    /// that of the sequence's place i.
    pub fn process(
        &self,
        sequence: &[Complex32],
        count: usize,
        scratch: &mut UpsampleScratch,
        mut each: impl FnMut(&[Complex32]),
    ) {
        if sequence.is_empty() {
            return;
        }
        // From the first neighbour of the first value to what the last sixteen values read.
        let before = (self.taps / 2 - 1) % sequence.len();
        let places = count.next_multiple_of(CHUNK) / self.factor + self.taps + LANES;
        scratch.re.clear();
        scratch.im.clear();
        let mut around = &sequence[sequence.len() - before..];
        while scratch.re.len() < places {
            around = &around[..around.len().min(places - scratch.re.len())];
            scratch.re.extend(around.iter().map(|x| x.re));
            scratch.im.extend(around.iter().map(|x| x.im));
            around = sequence;
        }
        scratch.chunk.resize(CHUNK, Complex32::default());
        for first in (0..count).step_by(CHUNK) {
            let values = Values {
                plan: self,
                re: &scratch.re,
                im: &scratch.im,
                first,
                out: &mut scratch.chunk,
            };
            run(values);
            each(&scratch.chunk[..CHUNK.min(count - first)]);
        }
    }
}

/// The values from `first` on.
struct Values<'a> {
    plan: &'a Upsample,
    re: &'a [f32],
    im: &'a [f32],
    first: usize,
    out: &'a mut [Complex32],
}

impl Kernel for Values<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Upsample { factor, taps, .. } = *self.plan;
        let place = self.first / factor;
        let blocks = self.out.as_chunks_mut::<LANES>().0;
        if factor >= LANES {
            // Sixteen values lie between the same neighbours.
            for (at, out) in (self.first..).step_by(LANES).zip(blocks) {
                let weights = &self.plan.weights[at % factor / LANES * taps..][..taps];
                let near = at / factor..at / factor + taps;
                between(simd, weights, &self.re[near.clone()], &self.im[near], out);
            }
        } else {
            // Each neighbour as often as it is one, so that sixteen values read neighbouring numbers.
            let (mut re, mut im) = ([0.0; SPREAD], [0.0; SPREAD]);
            spread(&self.re[place..], factor, &mut re);
            spread(&self.im[place..], factor, &mut im);
            for (at, out) in (0..).step_by(LANES).zip(blocks) {
                let near = at..at + (taps - 1) * factor + LANES;
                let parts = [&re[near.clone()], &im[near]];
                beside(simd, &self.plan.weights[..taps], parts, factor, out);
            }
        }
    }
}

/// Room for the neighbours of a chunk of values, each half of the lanes' number of times, at most.
const SPREAD: usize = CHUNK + LANES * LANES;

#[inline(always)]
fn spread(from: &[f32], times: usize, to: &mut [f32; SPREAD]) {
    match times {
        2 => spread_times::<2>(from, to),
        4 => spread_times::<4>(from, to),
        _ => spread_times::<8>(from, to),
    }
}

#[inline(always)]
fn spread_times<const N: usize>(from: &[f32], to: &mut [f32; SPREAD]) {
    for (to, &x) in to.as_chunks_mut::<N>().0.iter_mut().zip(from) {
        *to = [x; N];
    }
}

/// Sixteen values between the same neighbours.
#[inline(always)]
fn between<S: Simd>(
    simd: S,
    weights: &[Apart],
    re: &[f32],
    im: &[f32],
    out: &mut [Complex32; LANES],
) {
    let mut sums = Apart::ZERO;
    for lane in (0..LANES).step_by(S::F32_LANES) {
        let mut sum = [simd.splat_f32s(0.0); 2];
        for ((w, &re), &im) in weights.iter().zip(re).zip(im) {
            let x = [simd.splat_f32s(re), simd.splat_f32s(im)];
            add_product(simd, &mut sum, x, w, lane);
        }
        store::<S>(&mut sums.re, lane, sum[0]);
        store::<S>(&mut sums.im, lane, sum[1]);
    }
    sums.write(out);
}

/// Sixteen values, the neighbours of which lie `step` numbers apart.
#[inline(always)]
fn beside<S: Simd>(
    simd: S,
    weights: &[Apart],
    [re, im]: [&[f32]; 2],
    step: usize,
    out: &mut [Complex32; LANES],
) {
    let mut sums = Apart::ZERO;
    for lane in (0..LANES).step_by(S::F32_LANES) {
        let mut sum = [simd.splat_f32s(0.0); 2];
        for (w, at) in weights.iter().zip((lane..).step_by(step)) {
            let x = [load::<S>(re, at), load::<S>(im, at)];
            add_product(simd, &mut sum, x, w, lane);
        }
        store::<S>(&mut sums.re, lane, sum[0]);
        store::<S>(&mut sums.im, lane, sum[1]);
    }
    sums.write(out);
}

#[inline(always)]
fn add_product<S: Simd>(
    simd: S,
    sum: &mut [S::f32s; 2],
    [x, y]: [S::f32s; 2],
    w: &Apart,
    lane: usize,
) {
    let (re, im) = (load::<S>(&w.re, lane), load::<S>(&w.im, lane));
    let product = [
        simd.sub_f32s(simd.mul_f32s(x, re), simd.mul_f32s(y, im)),
        simd.add_f32s(simd.mul_f32s(x, im), simd.mul_f32s(y, re)),
    ];
    sum[0] = simd.add_f32s(sum[0], product[0]);
    sum[1] = simd.add_f32s(sum[1], product[1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    /// Random tones at all frequencies of a band, and what they are between.
    #[test]
    fn between_are_the_same_tones() {
        let mut rng = Seed(1).named("upsample");
        for (len, first, width) in [
            (120, 0, 80),
            (120, 40, 90),
            (135, -20, 41),
            (256, 200, 30),
            (96, 5, 1),
            (64, -4, 9),
        ] {
            for factor in [2, 4, 8, 16, 32, 64] {
                let at = |k: i32| f64::from(k) / f64::from(len);
                let plan = Upsample::new(factor, at(first)..at(first + width - 1));
                let tones: Vec<(i32, f64)> = (first..first + width)
                    .map(|k| (k, rng.range(-1.0, 1.0)))
                    .collect();
                // The value at a place of the sequence, with what each tone is multiplied by.
                let value = |place: f64, gain: &dyn Fn(f64) -> f64| {
                    tones.iter().fold([0.0; 2], |[re, im], &(k, size)| {
                        let size = size * gain(at(k));
                        let angle = TAU * at(k) * place;
                        [re + size * angle.cos(), im + size * angle.sin()]
                    })
                };
                let sequence: Vec<Complex32> = (0..len)
                    .map(|place| value(f64::from(place), &|f| 1.0 / plan.gain(f)))
                    .map(|[re, im]| Complex32::new(re as f32, im as f32))
                    .collect();
                let count = len as usize * factor - 3;
                let mut out = Vec::new();
                let scratch = &mut UpsampleScratch::default();
                plan.process(&sequence, count, scratch, |part| {
                    out.extend_from_slice(part)
                });
                assert_eq!(out.len(), count);
                let loud = f64::from(width).sqrt();
                for (n, got) in out.iter().enumerate() {
                    let [re, im] = value(n as f64 / factor as f64, &|_| 1.0);
                    let off = (f64::from(got.re) - re).hypot(f64::from(got.im) - im);
                    assert!(off < 1.5e-6 * loud, "{len} {width} {factor} {n}: {off}");
                }
            }
        }
    }

    #[test]
    fn nothing_stays_nothing() {
        let plan = Upsample::new(3, 0.1..0.2);
        plan.process(&[], 5, &mut UpsampleScratch::default(), |_| panic!());
    }
}
