//! Autocorrelation in a sliding window.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex32;
use pulp::Simd;
use rustfft::{Fft, FftPlanner};
use sarangi_core::{Error, Result};

use crate::apart::Apart;
use crate::lanes::{LANES, Lanes, turn};
use crate::simd::{Kernel, run};
use crate::smooth_length;

/// Windows that are worked on at once.
const MOST: usize = 2 * LANES;

/// Numbers between the transforms, against strides of a power of two; enough for the last square to be
/// read whole.
const GAP: usize = LANES / 2;

/// A planned autocorrelation r\[k\] = Σₙ x\[n\] · x\[n + k\] of a signal in a window that moves on by one
/// sample, over r\[0\]; `librosa.feature.tempogram` of an onset curve with its padding.
///
/// Two windows of energy 1 are the real and the imaginary part of one transform; so are their power
/// spectra on the way back, since autocorrelations are real. Single precision, off by about 1e-6.
pub struct LocalAutocorrelation {
    window: Vec<f64>,
    /// There and back: the transform of what is the same forwards and backwards.
    fft: Arc<dyn Fft<f32>>,
}

/// Working memory of one call of a [`LocalAutocorrelation`]; made by [`LocalAutocorrelation::scratch`].
#[derive(Clone, Debug)]
pub struct LocalAutocorrelationScratch {
    pairs: Vec<Complex32>,
    fft: Vec<Complex32>,
    turned: Vec<Lanes>,
}

impl LocalAutocorrelation {
    /// Plans for a window (one of nothing counts as one sample of weight 0), all lags within which
    /// are wanted.
    pub fn new(mut window: Vec<f64>) -> Self {
        if window.is_empty() {
            window.push(0.0);
        }
        // So long that the end does not meet the beginning.
        let size = smooth_length(2 * window.len() - 1);
        Self {
            window,
            fft: FftPlanner::new().plan_fft_forward(size),
        }
    }

    /// Lags in a result, as many as the window has samples.
    pub fn lags(&self) -> usize {
        self.window.len()
    }

    /// Windows that lie within `samples` samples.
    pub fn frames(&self, samples: usize) -> usize {
        (samples + 1).saturating_sub(self.lags())
    }

    /// Working memory.
    pub fn scratch(&self) -> LocalAutocorrelationScratch {
        let squares = self.lags().div_ceil(LANES / 2);
        LocalAutocorrelationScratch {
            pairs: vec![Complex32::default(); LANES * (self.fft.len() + GAP)],
            fft: vec![Complex32::default(); self.fft.get_inplace_scratch_len()],
            turned: vec![[0.0; LANES]; squares * LANES],
        }
    }

    /// The autocorrelation in each window; 0 where there is silence.
    ///
    /// # Shapes
    /// `out` is row-major ([`lags`](Self::lags), [`frames`](Self::frames)).
    ///
    /// # Errors
    /// [`Error::Shape`] if `out` is not so, or `scratch` is that of another plan.
    pub fn compute_into(
        &self,
        signal: &[f32],
        out: &mut [f32],
        scratch: &mut LocalAutocorrelationScratch,
    ) -> Result<()> {
        const OP: &str = "local autocorrelation";
        let (lags, frames) = (self.lags(), self.frames(signal.len()));
        if out.len() != lags * frames {
            let expected = format_args!("({lags}, {frames}) values");
            return Err(Error::shape(OP, expected, out.len()));
        }
        let size = self.fft.len();
        if scratch.pairs.len() != LANES * (size + GAP)
            || scratch.turned.len() != lags.div_ceil(LANES / 2) * LANES
        {
            let got = "that of another";
            return Err(Error::shape(OP, "scratch of this plan", got));
        }
        for first in (0..frames).step_by(MOST) {
            let count = MOST.min(frames - first);
            let mut silent = [false; MOST];
            for (i, pair) in scratch.pairs.chunks_exact_mut(size + GAP).enumerate() {
                let frame = |index: usize| {
                    let inside = index < first + count;
                    inside.then(|| &signal[index..index + lags])
                };
                let Some(one) = frame(first + 2 * i) else {
                    break;
                };
                let pair = &mut pair[..size];
                let two = frame(first + 2 * i + 1).unwrap_or(one);
                run(Windowed {
                    frames: [one, two],
                    window: &self.window,
                    out: &mut pair[..lags],
                    silent: &mut silent[2 * i..2 * i + 2],
                });
                pair[lags..].fill(Complex32::default());
                self.fft.process_with_scratch(pair, &mut scratch.fft);
                run(Power(pair));
                self.fft.process_with_scratch(pair, &mut scratch.fft);
            }
            run(Rows {
                pairs: bytemuck::cast_slice(&scratch.pairs),
                turned: &mut scratch.turned,
                silent: &silent[..count],
                out,
                width: frames,
                first,
            });
        }
        Ok(())
    }
}

/// Two windows of a signal, each with an energy of 1.
struct Windowed<'a> {
    frames: [&'a [f32]; 2],
    window: &'a [f64],
    out: &'a mut [Complex32],
    /// Of each, whether it has no energy.
    silent: &'a mut [bool],
}

/// Sums that are taken side by side.
const SUMS: usize = 8;

impl Kernel for Windowed<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let mut scales = [1.0; 2];
        for ((frame, scale), silent) in self.frames.iter().zip(&mut scales).zip(self.silent) {
            let energy = energy(frame, self.window);
            *silent = energy < f64::MIN_POSITIVE;
            if !*silent {
                *scale = (1.0 / energy).sqrt();
            }
        }
        let [one, two] = self.frames;
        let both = one.iter().zip(two).zip(self.window);
        for (z, ((&x, &y), &w)) in self.out.iter_mut().zip(both) {
            let [re, im] = [f64::from(x) * w * scales[0], f64::from(y) * w * scales[1]];
            *z = Complex32::new(re as f32, im as f32);
        }
    }
}

#[inline(always)]
fn energy(frame: &[f32], window: &[f64]) -> f64 {
    let mut sums = [0.0; SUMS];
    let (frames, rest) = frame.as_chunks::<SUMS>();
    let (windows, rest_of_window) = window.as_chunks::<SUMS>();
    for (x, w) in frames.iter().zip(windows) {
        for i in 0..SUMS {
            let y = f64::from(x[i]) * w[i];
            sums[i] += y * y;
        }
    }
    let rest = rest.iter().zip(rest_of_window);
    let rest: f64 = rest.map(|(&x, &w)| (f64::from(x) * w).powi(2)).sum();
    sums.iter().sum::<f64>() + rest
}

/// From the transform of two real signals to their power spectra, over the length; the first is the
/// real part and the second the imaginary one, at all frequencies.
struct Power<'a>(&'a mut [Complex32]);

impl Kernel for Power<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let size = self.0.len();
        // |Z[k] ± Z*[−k]|² is four times what it should be.
        let scale = 0.25 / size as f32;
        let [first, rest @ ..] = self.0 else {
            return;
        };
        *first = power(*first, *first, scale);
        // Frequency k from the front, −k from behind.
        let half = rest.len() / 2;
        let (low, high) = rest.split_at_mut(half);
        let (middle, high) = high.split_at_mut(high.len() - half);
        for z in middle {
            *z = power(*z, *z, scale);
        }
        let blocks = low.as_chunks_mut::<LANES>();
        let others = high.as_rchunks_mut::<LANES>();
        for (low, high) in blocks.0.iter_mut().zip(others.1.iter_mut().rev()) {
            let both = powers(&Apart::of(low), &Apart::of_reversed(high), scale);
            both.write(low);
            both.write_reversed(high);
        }
        for (low, high) in blocks.1.iter_mut().zip(others.0.iter_mut().rev()) {
            *low = power(*low, *high, scale);
            *high = *low;
        }
    }
}

#[inline(always)]
fn powers(a: &Apart, b: &Apart, scale: f32) -> Apart {
    let mut both = Apart::ZERO;
    for i in 0..LANES {
        let a = Complex32::new(a.re[i], a.im[i]);
        let z = power(a, Complex32::new(b.re[i], b.im[i]), scale);
        (both.re[i], both.im[i]) = (z.re, z.im);
    }
    both
}

/// Both powers at a frequency, where the transform is `a`, and `b` at the opposite one.
#[inline(always)]
fn power(a: Complex32, b: Complex32, scale: f32) -> Complex32 {
    let one = [a.re + b.re, a.im - b.im];
    let two = [a.im + b.im, b.re - a.re];
    let power = |z: [f32; 2]| (z[0] * z[0] + z[1] * z[1]) * scale;
    Complex32::new(power(one), power(two))
}

/// Writes sixteen pairs as columns of rows.
struct Rows<'a> {
    /// The lags of the pairs, the first and the second of each in turn.
    pairs: &'a [f32],
    turned: &'a mut [Lanes],
    /// Of each column, whether it is 0.
    silent: &'a [bool],
    out: &'a mut [f32],
    width: usize,
    first: usize,
}

impl Kernel for Rows<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let squares = self.turned.as_chunks_mut::<LANES>().0;
        for (square, first) in squares.iter_mut().zip((0..).step_by(LANES)) {
            let mut rows = [[0.0; LANES]; LANES];
            let pairs = self.pairs.chunks_exact(self.pairs.len() / LANES);
            for (row, pair) in rows.iter_mut().zip(pairs) {
                if let Some(line) = pair[first..].first_chunk() {
                    *row = *line;
                }
            }
            turn(rows, square);
        }
        let rows = self.out.chunks_exact_mut(self.width);
        for (row, [one, two]) in rows.zip(self.turned.as_chunks::<2>().0) {
            let mut both = [0.0; MOST];
            for (to, (&one, &two)) in both.as_chunks_mut().0.iter_mut().zip(one.iter().zip(two)) {
                *to = [one, two];
            }
            let row = &mut row[self.first..][..self.silent.len()];
            match row.first_chunk_mut::<MOST>() {
                Some(all) => *all = both,
                None => row.copy_from_slice(&both[..row.len()]),
            }
        }
        for (column, _) in self
            .silent
            .iter()
            .enumerate()
            .filter(|(_, silent)| **silent)
        {
            let column = self.out[self.first + column..].iter_mut();
            column.step_by(self.width).for_each(|x| *x = 0.0);
        }
    }
}

impl fmt::Debug for LocalAutocorrelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAutocorrelation")
            .field("lags", &self.lags())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn rows_are_those_of_the_definition(
            signal in prop::collection::vec(-1.0f32..1.0, 1..150),
            lags in 1usize..80,
            gain in prop::sample::select(vec![1e-20f32, 1.0, 1e20]),
        ) {
            let window: Vec<f64> = (0..lags).map(|n| 1.0 + (n as f64).sin()).collect();
            // Every third sample makes the windows' energies far apart.
            let at = |(n, &x): (usize, &f32)| if n % 3 == 0 { x * gain } else { 1e-3 * x * gain };
            let signal: Vec<f32> = signal.iter().enumerate().map(at).collect();
            let plan = LocalAutocorrelation::new(window.clone());
            let frames = plan.frames(signal.len());
            prop_assert_eq!(frames, (signal.len() + 1).saturating_sub(lags));
            let mut out = vec![0.0; lags * frames];
            plan.compute_into(&signal, &mut out, &mut plan.scratch()).unwrap();
            for t in 0..frames {
                let part = signal[t..].iter().zip(&window);
                let part: Vec<f64> = part.map(|(&x, w)| f64::from(x) * w).collect();
                let r = |k: usize| part.iter().zip(&part[k..]).map(|(a, b)| a * b).sum::<f64>();
                let energy = r(0);
                for k in 0..lags {
                    let want = if energy > 0.0 { r(k) / energy } else { 0.0 };
                    let got = f64::from(out[k * frames + t]);
                    prop_assert!((got - want).abs() < 2e-6, "{} {}: {} {}", k, t, got, want);
                }
            }
        }
    }

    #[test]
    fn silence_beside_sound_stays_silent() {
        let mut signal = vec![0.0; 100];
        signal[60..].fill(1.0);
        let plan = LocalAutocorrelation::new(vec![1.0; 16]);
        let mut out = vec![1.0; 16 * 85];
        plan.compute_into(&signal, &mut out, &mut plan.scratch())
            .unwrap();
        for row in out.chunks(85) {
            assert!(row[..45].iter().all(|&x| x == 0.0));
            assert!(row[45] > -1e-6);
        }
        assert!((out[45] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn other_shapes_are_refused_and_a_short_signal_has_no_frame() {
        let plan = LocalAutocorrelation::new(vec![1.0; 16]);
        let scratch = &mut plan.scratch();
        assert!(
            plan.compute_into(&[1.0; 20], &mut [0.0; 9], scratch)
                .is_err()
        );
        assert!(plan.compute_into(&[1.0; 15], &mut [], scratch).is_ok());
        let other = &mut LocalAutocorrelation::new(vec![1.0; 40]).scratch();
        assert!(
            plan.compute_into(&[1.0; 16], &mut [0.0; 16], other)
                .is_err()
        );
        assert_eq!(LocalAutocorrelation::new(Vec::new()).lags(), 1);
    }
}
