//! The two innermost loops of every convolution: small matrix products whose sums stay in registers.
//!
//! A tile is up to [`Lanes::ROWS`] rows high and [`panel`] values (two vectors) wide.

use super::simd::Lanes;

/// The width of a tile, and of a panel of packed weights, in values.
#[inline(always)]
pub(crate) fn panel<S: Lanes>() -> usize {
    2 * S::F32_LANES
}

/// Consecutive values of the left factor, `offset` values from the row's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

/// `out[i][j] = start[i][j] + Σₜ x[i][t] · w[t][j]`, where t walks over all values of all runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<'a> {
    /// Row i's values begin at `i · x_step`.
    pub(crate) x: &'a [f32],
    pub(crate) x_step: usize,
    pub(crate) runs: &'a [Run],
    /// A panel: row t has [`panel`] values.
    pub(crate) w: &'a [f32],
    /// Rows of `out` begin `out_step` apart and have `columns` values, at most a panel's width.
    pub(crate) out_step: usize,
    pub(crate) columns: usize,
    pub(crate) start: Start<'a>,
}

/// What a tile's sums begin with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    Zero,
    /// A row of [`panel`] values, the same for every row of the tile.
    Row(&'a [f32]),
    /// What `out` holds.
    Out,
}

impl Product<'_> {
    /// Computes `rows` rows, at most [`Lanes::ROWS`] at a time.
    #[inline(always)]
    pub(crate) fn run<S: Lanes>(&self, simd: S, rows: usize, out: &mut [f32]) {
        let depth: usize = self.runs.iter().map(|run| run.len).sum();
        let reach = self.runs.iter().map(|run| run.offset + run.len).max();
        assert!(self.columns <= panel::<S>() && self.w.len() >= depth * panel::<S>());
        assert!(rows == 0 || (rows - 1) * self.x_step + reach.unwrap_or(0) <= self.x.len());
        assert!(rows == 0 || (rows - 1) * self.out_step + self.columns <= out.len());
        if let Start::Row(row) = self.start {
            assert!(row.len() >= panel::<S>());
        }
        let mut done = 0;
        for rows in even_parts(rows, S::ROWS) {
            // SAFETY: the assertions above keep what rows done..done + rows read of x, w and the
            // starting row, and what they write of out, inside these slices.
            #[allow(
                unsafe_code,
                reason = "the sums stay in registers only without bounds checks"
            )]
            unsafe {
                let x = self.x.as_ptr().add(done * self.x_step);
                let out = out.as_mut_ptr().add(done * self.out_step);
                macro_rules! of_rows {
                    ($($n:literal)*) => { match rows { $($n => self.tile::<S, $n>(simd, x, out),)* _ => {} } };
                }
                if S::ROWS > 6 {
                    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
                } else {
                    of_rows!(1 2 3 4 5 6);
                }
            }
            done += rows;
        }
    }

    /// # Safety
    /// `x` and `out` are these slices' starts moved on by whole rows, N of which are left in both;
    /// every run lies inside `x`; `w` and a starting row are as long as they must be.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn tile<S: Lanes, const N: usize>(&self, simd: S, x: *const f32, out: *mut f32) {
        let lanes = S::F32_LANES;
        let zero = simd.splat_f32s(0.0);
        let mut sums = [[zero; 2]; N];
        // SAFETY: see the function's contract. A vector is an array of f32 to the compiler, so it
        // may be read and written wherever its values lie, unaligned.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            match self.start {
                Start::Zero => {}
                Start::Row(row) => {
                    sums = [[at(row.as_ptr()), at(row.as_ptr().add(lanes))]; N];
                }
                Start::Out => {
                    for (i, sums) in sums.iter_mut().enumerate() {
                        *sums = load(simd, out.add(i * self.out_step), self.columns);
                    }
                }
            }
            let mut w = self.w.as_ptr();
            for run in self.runs {
                let mut x = x.add(run.offset);
                for _ in 0..run.len {
                    let weights = [at(w), at(w.add(lanes))];
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(*x.add(i * self.x_step));
                        sums[0] = simd.fma(value, weights[0], sums[0]);
                        sums[1] = simd.fma(value, weights[1], sums[1]);
                    }
                    w = w.add(2 * lanes);
                    x = x.add(1);
                }
            }
            for (i, &sums) in sums.iter().enumerate() {
                store(simd, out.add(i * self.out_step), self.columns, sums);
            }
        }
    }
}

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
        let mut done = 0;
        for rows in even_parts(rows, S::ROWS) {
            // SAFETY: the assertions above keep what these rows read of x and d, and what they
            // write of out, inside these slices.
            #[allow(
                unsafe_code,
                reason = "the sums stay in registers only without bounds checks"
            )]
            unsafe {
                let x = self.x.as_ptr().add(done);
                let out = out.as_mut_ptr().add(done * self.out_step);
                macro_rules! of_rows {
                    ($($n:literal)*) => { match rows { $($n => self.tile::<S, $n>(simd, x, out),)* _ => {} } };
                }
                if S::ROWS > 6 {
                    of_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
                } else {
                    of_rows!(1 2 3 4 5 6);
                }
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
    unsafe fn tile<S: Lanes, const N: usize>(&self, simd: S, x: *const f32, out: *mut f32) {
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); 2]; N];
        // SAFETY: see the function's contract.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            for (i, sums) in sums.iter_mut().enumerate() {
                *sums = load(simd, out.add(i * self.out_step), self.columns);
            }
            for y in 0..self.height {
                let mut x = x.add(y * self.x_row);
                let mut d = self.d.as_ptr().add(y * self.d_row);
                for _ in 0..self.width {
                    let gradient = [at(d), at(d.add(lanes))];
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(*x.add(i));
                        sums[0] = simd.fma(value, gradient[0], sums[0]);
                        sums[1] = simd.fma(value, gradient[1], sums[1]);
                    }
                    x = x.wrapping_add(self.x_step);
                    d = d.wrapping_add(self.d_step);
                }
            }
            for (i, &sums) in sums.iter().enumerate() {
                store(simd, out.add(i * self.out_step), self.columns, sums);
            }
        }
    }
}

/// Two vectors of which only the first `columns` values are there; the others are 0.
///
/// # Safety
/// `columns` values can be read at `p`.
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the caller checks a whole tile's bounds at once"
)]
unsafe fn load<S: Lanes>(simd: S, p: *const f32, columns: usize) -> [S::f32s; 2] {
    let lanes = S::F32_LANES;
    // SAFETY: by the contract; whole vectors are read only where that many values are.
    unsafe {
        let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
        if columns == 2 * lanes {
            return [at(p), at(p.add(lanes))];
        }
        let values = std::slice::from_raw_parts(p, columns);
        let (low, high) = values.split_at(columns.min(lanes));
        [simd.partial_load_f32s(low), simd.partial_load_f32s(high)]
    }
}

/// Writes the first `columns` values of two vectors.
///
/// # Safety
/// `columns` values can be written at `p`.
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the caller checks a whole tile's bounds at once"
)]
unsafe fn store<S: Lanes>(simd: S, p: *mut f32, columns: usize, [a, b]: [S::f32s; 2]) {
    let lanes = S::F32_LANES;
    // SAFETY: by the contract; whole vectors are written only where that many values are.
    unsafe {
        let put = |p: *mut f32, v: S::f32s| p.cast::<S::f32s>().write_unaligned(v);
        if columns == 2 * lanes {
            put(p, a);
            put(p.add(lanes), b);
            return;
        }
        let values = std::slice::from_raw_parts_mut(p, columns);
        let (low, high) = values.split_at_mut(columns.min(lanes));
        simd.partial_store_f32s(low, a);
        simd.partial_store_f32s(high, b);
    }
}

/// Parts of nearly one size, none above `most`: 16 rows by 14 are 8 and 8, not 14 and 2.
#[inline(always)]
pub(crate) fn even_parts(total: usize, most: usize) -> impl Iterator<Item = usize> {
    let parts = total.div_ceil(most).max(1);
    let (size, larger) = (total / parts, total % parts);
    (0..parts)
        .map(move |i| size + usize::from(i < larger))
        .filter(|&size| size > 0)
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Kernel, run};
    use super::*;

    fn values(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7 + 3) % 11) as f32 - 5.0)
            .collect()
    }

    struct Check;

    impl Kernel for Check {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            let width = panel::<S>();
            let runs = [Run { offset: 0, len: 3 }, Run { offset: 7, len: 2 }];
            let (x, w) = (values(1000), values(5 * width));
            for (rows, columns) in [(1, 1), (5, width), (14, width - 1), (29, width / 2)] {
                let product = Product {
                    x: &x,
                    x_step: 4,
                    runs: &runs,
                    w: &w,
                    out_step: width + 1,
                    columns,
                    start: Start::Row(&w),
                };
                let mut out = vec![9.0; rows * (width + 1)];
                product.run(simd, rows, &mut out);
                for i in 0..rows {
                    for j in 0..=width {
                        let places = [0, 1, 2, 7, 8];
                        let sum: f32 = places
                            .iter()
                            .enumerate()
                            .map(|(t, at)| x[i * 4 + at] * w[t * width + j.min(width - 1)])
                            .sum();
                        let expected = if j < columns { w[j] + sum } else { 9.0 };
                        assert_eq!(
                            out[i * (width + 1) + j],
                            expected,
                            "{rows} {columns} {i} {j}"
                        );
                    }
                }
                let outer = Outer {
                    x: &x,
                    x_row: 50,
                    x_step: 3,
                    d: &w,
                    d_row: width,
                    d_step: 1,
                    height: 2,
                    width: 4,
                    out_step: width + 1,
                    columns,
                };
                let before = out.clone();
                outer.run(simd, rows, &mut out);
                for i in 0..rows {
                    for j in 0..columns {
                        let mut expected = before[i * (width + 1) + j];
                        for (py, px) in (0..2).flat_map(|y| (0..4).map(move |x| (y, x))) {
                            expected += x[py * 50 + px * 3 + i] * w[py * width + px + j];
                        }
                        assert_eq!(out[i * (width + 1) + j], expected);
                    }
                }
            }
        }
    }

    #[test]
    fn products_of_any_height_and_width() {
        run(Check);
    }

    #[test]
    fn parts_are_even_and_complete() {
        assert_eq!(even_parts(16, 14).collect::<Vec<_>>(), [8, 8]);
        assert_eq!(even_parts(0, 14).count(), 0);
        assert_eq!(even_parts(29, 14).sum::<usize>(), 29);
    }
}
