//! Spectra of real frames, sixteen at once and more.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use num_complex::Complex32;
use pulp::Simd;
use rustfft::{Fft, FftPlanner};
use sarangi_core::{Error, Result};

use crate::frame_spectrum::unfold;
use crate::lanes::{LANES, Lanes, turn};
use crate::simd::{Kernel, load, run};
use crate::sink::{Columns, Sink, Value};

/// A planned Fourier transform of real frames of one length.
///
/// A frame of even length N is transformed as N / 2 complex numbers, its even samples real and its
/// odd ones imaginary: with Z their transform, M = N / 2 and W = exp(−2πi / N),
/// X\[k\] = (Z\[k\] + Z*\[M−k\]) / 2 − i · Wᵏ · (Z\[k\] − Z*\[M−k\]) / 2 (Sorensen et al. 1987,
/// "Real-valued fast Fourier transform algorithms"). Before that step the frames are turned over, so
/// that a vector holds one bin of sixteen frames: the step needs no shuffles, and neither does what
/// reads the spectra.
pub(crate) struct RealFft {
    len: usize,
    fft: Arc<dyn Fft<f32>>,
    /// −i · Wᵏ / 2 for k = 1 …, below half of M; none for an odd length.
    twiddles: Vec<Complex32>,
}

/// Numbers between the frames: at a distance of a power of two, the same bin of all of them would
/// have to share a few lines of the cache. Enough for the last square to be read whole.
const GAP: usize = LANES / 2;

/// Times sixteen frames whose spectra are written at once: longer pieces of each row of a map, which lie
/// pages apart.
const GROUPS: usize = 4;

/// The most frames that are transformed in one call.
pub(crate) const MOST: usize = GROUPS * LANES;

/// Frames in the layout of the transform, and room for it to work.
#[derive(Clone, Debug)]
pub(crate) struct RealFftScratch {
    frame: Vec<f32>,
    frames: Vec<Complex32>,
    fft: Vec<Complex32>,
    /// The transforms of each sixteen frames turned over, the real and the imaginary part of each bin in
    /// turn.
    turned: Vec<Vec<Lanes>>,
}

impl RealFft {
    /// Plans for frames of `len` samples, at least 2.
    pub(crate) fn new(len: usize) -> Self {
        let even = len.is_multiple_of(2);
        let half = len / 2;
        let twiddle = |k: usize| {
            let angle = TAU * k as f64 / len as f64;
            Complex32::new(-angle.sin() as f32 / 2.0, -angle.cos() as f32 / 2.0)
        };
        Self {
            len,
            fft: FftPlanner::new().plan_fft_forward(if even { half } else { len }),
            twiddles: match even {
                true => (1..half.div_ceil(2)).map(twiddle).collect(),
                false => Vec::new(),
            },
        }
    }

    pub(crate) fn scratch(&self) -> RealFftScratch {
        let points = self.fft.len();
        RealFftScratch {
            frame: vec![0.0; self.len % 2 * self.len],
            frames: vec![Complex32::default(); LANES * (points + GAP)],
            fft: vec![Complex32::default(); self.fft.get_inplace_scratch_len()],
            turned: vec![square(points)],
        }
    }

    /// The spectrum of the frame that `fill` writes, bin after bin; the same bits as
    /// [`spectra`](Self::spectra) gives.
    ///
    /// # Shapes
    /// `out` has ⌊len / 2⌋ + 1 items.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` is that of another plan.
    pub(crate) fn frame(
        &self,
        fill: impl FnOnce(&mut [f32]),
        out: &mut [Complex32],
        scratch: &mut RealFftScratch,
    ) -> Result<()> {
        self.check(scratch)?;
        let frame = &mut scratch.frames[..self.fft.len()];
        if self.is_even() {
            fill(bytemuck::cast_slice_mut(frame));
            self.fft.process_with_scratch(frame, &mut scratch.fft);
            unfold(frame, &self.twiddles, out);
        } else {
            fill(&mut scratch.frame);
            for (z, &x) in frame.iter_mut().zip(&scratch.frame) {
                *z = Complex32::new(x, 0.0);
            }
            self.fft.process_with_scratch(frame, &mut scratch.fft);
            for (y, &x) in out.iter_mut().zip(&*frame) {
                *y = x;
            }
        }
        Ok(())
    }

    /// The spectra of `count` frames, at most [`MOST`], the i-th of which `fill(i, …)` writes; as
    /// columns `column..column + count` of rows of `width`, through `value`.
    ///
    /// # Shapes
    /// `out` is row-major (⌊len / 2⌋ + 1, `width`).
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` is that of another plan.
    pub(crate) fn columns<V: Value>(
        &self,
        count: usize,
        fill: impl Fn(usize, &mut [f32]),
        out: &mut [V],
        (width, column): (usize, usize),
        scratch: &mut RealFftScratch,
    ) -> Result<()> {
        let columns = column..column + count;
        let out = Columns {
            out,
            width,
            columns,
        };
        self.spectra(count, fill, out, scratch)
    }

    /// The spectra of `count` frames, at most [`MOST`], the i-th of which `fill(i, …)` writes; given
    /// to `out`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` is that of another plan.
    pub(crate) fn spectra(
        &self,
        count: usize,
        fill: impl Fn(usize, &mut [f32]),
        out: impl Sink,
        scratch: &mut RealFftScratch,
    ) -> Result<()> {
        self.check(scratch)?;
        let (points, even) = (self.fft.len(), self.is_even());
        let groups = count.min(MOST).div_ceil(LANES);
        if scratch.turned.len() < groups {
            scratch.turned.resize(groups, square(points));
        }
        for (group, turned) in scratch.turned.iter_mut().enumerate().take(groups) {
            let first = group * LANES;
            let frames = scratch.frames.chunks_exact_mut(points + GAP);
            for (i, frame) in frames.enumerate().take(count - first) {
                let frame = &mut frame[..points];
                if even {
                    fill(first + i, bytemuck::cast_slice_mut(frame));
                } else {
                    fill(first + i, &mut scratch.frame);
                    for (z, &x) in frame.iter_mut().zip(&scratch.frame) {
                        *z = Complex32::new(x, 0.0);
                    }
                }
                self.fft.process_with_scratch(frame, &mut scratch.fft);
            }
            run(Turn {
                frames: bytemuck::cast_slice(&scratch.frames),
                turned,
            });
        }
        run(Unfold {
            half: self.len / 2,
            turned: &scratch.turned[..groups],
            twiddles: even.then_some(&self.twiddles),
            out,
        });
        Ok(())
    }

    fn is_even(&self) -> bool {
        self.len.is_multiple_of(2)
    }

    fn check(&self, scratch: &RealFftScratch) -> Result<()> {
        let size = LANES * (self.fft.len() + GAP);
        if scratch.frames.len() == size && scratch.frame.is_empty() == self.is_even() {
            return Ok(());
        }
        let got = "that of another";
        Err(Error::shape("fft", "scratch of this plan", got))
    }
}

/// Room for the transforms of sixteen frames, turned over.
fn square(points: usize) -> Vec<Lanes> {
    vec![[0.0; LANES]; (2 * points).next_multiple_of(LANES)]
}

/// Turns sixteen transforms over.
struct Turn<'a> {
    /// The transforms one after the other, real and imaginary parts in turn.
    frames: &'a [f32],
    turned: &'a mut [Lanes],
}

impl Kernel for Turn<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let squares = self.turned.as_chunks_mut::<LANES>().0;
        for (square, first) in squares.iter_mut().zip((0..).step_by(LANES)) {
            let mut rows = [[0.0; LANES]; LANES];
            let frames = self.frames.chunks_exact(self.frames.len() / LANES);
            for (row, frame) in rows.iter_mut().zip(frames) {
                // What a frame has no more of is the gap, which nobody reads.
                if let Some(line) = frame[first..].first_chunk() {
                    *row = *line;
                }
            }
            turn(rows, square);
        }
    }
}

/// From transforms that are turned over to spectra.
struct Unfold<'a, O> {
    /// Half of the frames' length.
    half: usize,
    turned: &'a [Vec<Lanes>],
    /// Those of a transform of half the length.
    twiddles: Option<&'a Vec<Complex32>>,
    out: O,
}

impl<O: Sink> Kernel for Unfold<'_, O> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Some(twiddles) = self.twiddles else {
            for bin in 0..=self.half {
                for place in self.places::<S>() {
                    let [re, im] = self.part::<S>(place, bin);
                    self.out.put(simd, place, bin, re, im);
                }
            }
            return;
        };
        for place in self.places::<S>() {
            self.ends(simd, place);
        }
        for (k, &w) in (1..).zip(twiddles) {
            for place in self.places::<S>() {
                self.halves(simd, place, k, w);
            }
        }
    }
}

impl<O: Sink> Unfold<'_, O> {
    /// The first frame of each vector of them.
    #[inline(always)]
    fn places<S: Simd>(&self) -> std::iter::StepBy<std::ops::Range<usize>> {
        (0..self.out.count()).step_by(S::F32_LANES)
    }

    /// The bins that have no partner.
    #[inline(always)]
    fn ends<S: Simd>(&mut self, simd: S, place: usize) {
        let half = self.half;
        let [re, im] = self.part::<S>(place, 0);
        let none = simd.splat_f32s(0.0);
        self.out.put(simd, place, 0, simd.add_f32s(re, im), none);
        self.out.put(simd, place, half, simd.sub_f32s(re, im), none);
        if half.is_multiple_of(2) {
            let [re, im] = self.part::<S>(place, half / 2);
            self.out
                .put(simd, place, half / 2, re, simd.sub_f32s(none, im));
        }
    }

    /// Bin `k` and its partner.
    #[inline(always)]
    fn halves<S: Simd>(&mut self, simd: S, place: usize, k: usize, w: Complex32) {
        // No `map` of arrays here: the compiler may call it, with narrower instructions.
        let other = self.half - k;
        let one_half = simd.splat_f32s(0.5);
        let (a, b) = (self.part::<S>(place, k), self.part::<S>(place, other));
        let (w_re, w_im) = (simd.splat_f32s(w.re), simd.splat_f32s(w.im));
        let sum = [
            simd.mul_f32s(one_half, simd.add_f32s(a[0], b[0])),
            simd.mul_f32s(one_half, simd.sub_f32s(a[1], b[1])),
        ];
        let [re, im] = [simd.sub_f32s(a[0], b[0]), simd.add_f32s(a[1], b[1])];
        let turned = [
            simd.sub_f32s(simd.mul_f32s(re, w_re), simd.mul_f32s(im, w_im)),
            simd.add_f32s(simd.mul_f32s(re, w_im), simd.mul_f32s(im, w_re)),
        ];
        let re = simd.add_f32s(sum[0], turned[0]);
        self.out
            .put(simd, place, k, re, simd.add_f32s(sum[1], turned[1]));
        let re = simd.sub_f32s(sum[0], turned[0]);
        self.out
            .put(simd, place, other, re, simd.sub_f32s(turned[1], sum[1]));
    }

    /// The real and the imaginary parts of bin `k` of the frames from `place` on.
    #[inline(always)]
    fn part<S: Simd>(&self, place: usize, k: usize) -> [S::f32s; 2] {
        let turned = &self.turned[place / LANES];
        let lane = place % LANES;
        [
            load::<S>(&turned[2 * k], lane),
            load::<S>(&turned[2 * k + 1], lane),
        ]
    }
}

impl fmt::Debug for RealFft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealFft")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
