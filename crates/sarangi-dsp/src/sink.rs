//! What takes spectra as they are computed.

use std::ops::Range;

use num_complex::{Complex32, Complex64};
use pulp::Simd;

use crate::lanes::LANES;
use crate::simd::store;

/// Where spectra go, a vector of frames at a time.
pub(crate) trait Sink {
    /// How many frames are wanted.
    fn count(&self) -> usize;

    /// The real and imaginary parts of one bin of the frames from `lane` on.
    fn put<S: Simd>(&mut self, simd: S, lane: usize, bin: usize, re: S::f32s, im: S::f32s);
}

/// Some columns of rows of `width` values.
pub(crate) struct Columns<'a, V> {
    pub(crate) out: &'a mut [V],
    pub(crate) width: usize,
    pub(crate) columns: Range<usize>,
}

impl<V: Value> Sink for Columns<'_, V> {
    fn count(&self) -> usize {
        self.columns.len()
    }

    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, lane: usize, bin: usize, re: S::f32s, im: S::f32s) {
        let columns = self.columns.start + lane..self.columns.end;
        let out = &mut self.out[bin * self.width..][columns];
        let count = out.len().min(S::F32_LANES);
        V::write(simd, re, im, &mut out[..count]);
    }
}

/// What becomes of a bin.
pub(crate) trait Value: Copy + Default {
    /// One vector of real and imaginary parts at a time, into as many values.
    fn write<S: Simd>(simd: S, re: S::f32s, im: S::f32s, out: &mut [Self]);

    /// One value, from double precision.
    fn of(x: Complex64) -> Self;
}

impl Value for Complex32 {
    #[inline(always)]
    fn write<S: Simd>(_: S, re: S::f32s, im: S::f32s, out: &mut [Self]) {
        let mut parts = [[0.0; LANES]; 2];
        store::<S>(&mut parts[0], 0, re);
        store::<S>(&mut parts[1], 0, im);
        // All lanes, and a copy of known length for most calls: shuffles and no loop.
        let mut both = [Self::new(0.0, 0.0); LANES];
        for ((y, &re), &im) in both.iter_mut().zip(&parts[0]).zip(&parts[1]) {
            *y = Self::new(re, im);
        }
        match out.first_chunk_mut::<LANES>() {
            Some(all) => *all = both,
            None => out.copy_from_slice(&both[..out.len()]),
        }
    }

    fn of(x: Complex64) -> Self {
        Self::new(x.re as f32, x.im as f32)
    }
}

/// The power |X|².
impl Value for f32 {
    #[inline(always)]
    fn write<S: Simd>(simd: S, re: S::f32s, im: S::f32s, out: &mut [Self]) {
        let power = simd.add_f32s(simd.mul_f32s(re, re), simd.mul_f32s(im, im));
        match S::as_mut_simd_f32s(out).0 {
            [whole] => *whole = power,
            _ => simd.partial_store_f32s(out, power),
        }
    }

    fn of(x: Complex64) -> Self {
        x.norm_sqr() as f32
    }
}
