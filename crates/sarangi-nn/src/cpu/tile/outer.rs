//! Sums over pixels, for the gradients of weights.

use super::super::simd::Lanes;
use super::sums::{load, store};
use super::{even_parts, highest, panel};

/// `out[i][j] += Σₚ x[p][i] · d[p][j]`: the product whose sums run over pixels, for gradients of
/// weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outer<'a> {
    /// Pixel (y, x) of the left factor begins at `y · x_row + x · x_step`.
    pub(crate) x: &'a [f32],
    pub(crate) x_row: usize,
    pub(crate) x_step: usize,
    /// Pixel (y, x) of the right factor begins at `y · d_row + x · d_step` and may be read for a
    /// whole panel's width.
    pub(crate) d: &'a [f32],
    pub(crate) d_row: usize,
    pub(crate) d_step: usize,
    /// Rows and columns of pixels.
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Rows of `out` begin `out_step` apart and have `columns` values, at most a panel's width.
    pub(crate) out_step: usize,
    pub(crate) columns: usize,
}

impl Outer<'_> {
    /// Adds to `rows` rows of `out`; row i belongs to value i of the left factor's pixels.
    #[inline(always)]
    pub(crate) fn run<S: Lanes>(&self, simd: S, rows: usize, out: &mut [f32]) {
        if rows == 0 || self.height == 0 || self.width == 0 {
            return;
        }
        let (y, x) = (self.height - 1, self.width - 1);
        assert!(self.columns <= panel::<S>());
        assert!(y * self.x_row + x * self.x_step + rows <= self.x.len());
        assert!(y * self.d_row + x * self.d_step + panel::<S>() <= self.d.len());
        assert!((rows - 1) * self.out_step + self.columns <= out.len());
        let narrow = self.columns <= S::F32_LANES;
        let mut done = 0;
        for rows in even_parts(rows, highest::<S>(narrow)) {
            #[allow(
                unsafe_code,
                reason = "the sums stay in registers only without bounds checks"
            )]
            // SAFETY: the assertions above keep what these rows read of x and d, and what they
            // write of out, inside these slices.
            unsafe {
                let x = self.x.as_ptr().add(done);
                let out = out.as_mut_ptr().add(done * self.out_step);
                of_size!(self, simd, S, narrow, rows, x, out);
            }
            done += rows;
        }
    }

    /// # Safety
    /// `x` is the slice's start moved on by as many values as `out` by rows; N more are left.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn tile<S: Lanes, const N: usize, const V: usize>(
        &self,
        simd: S,
        x: *const f32,
        out: *mut f32,
    ) {
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); V]; N];
        // SAFETY: see the function's contract.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            for y in 0..self.height {
                let mut x = x.add(y * self.x_row);
                let mut d = self.d.as_ptr().add(y * self.d_row);
                for _ in 0..self.width {
                    let gradient: [_; V] = std::array::from_fn(|v| at(d.add(v * lanes)));
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(*x.add(i));
                        for (sum, &gradient) in sums.iter_mut().zip(&gradient) {
                            *sum = simd.fma(value, gradient, *sum);
                        }
                    }
                    x = x.wrapping_add(self.x_step);
                    d = d.wrapping_add(self.d_step);
                }
            }
            // What was there is added last: sums of few pixels are nearer the truth than one
            // running sum over all.
            let mut before = [[simd.splat_f32s(0.0); V]; N];
            load(simd, out, self.out_step, self.columns, &mut before);
            for (sums, before) in sums.iter_mut().zip(&before) {
                for (sum, &before) in sums.iter_mut().zip(before) {
                    *sum = simd.add_f32s(before, *sum);
                }
            }
            store(simd, out, self.out_step, self.columns, &sums);
        }
    }
}
