//! Sums over runs of consecutive values, for results and for the gradients of inputs.

use super::super::simd::Lanes;
use super::sums::{load, store};
use super::{Run, even_parts, highest, panel};

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

/// From where one line of a [`Product`]'s rows begins to where the next one does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jump {
    pub(crate) x: usize,
    pub(crate) out: usize,
}

impl Product<'_> {
    /// Computes `rows` rows, at most [`Lanes::ROWS`] at a time.
    #[inline(always)]
    pub(crate) fn run<S: Lanes>(&self, simd: S, rows: usize, out: &mut [f32]) {
        self.check::<S>(rows, Jump { x: 0, out: 0 }, out);
        let narrow = self.columns <= S::F32_LANES;
        let mut done = 0;
        for rows in even_parts(rows, highest::<S>(narrow)) {
            #[allow(
                unsafe_code,
                reason = "the sums stay in registers only without bounds checks"
            )]
            // SAFETY: the check keeps what rows done..done + rows read of x, w and the starting
            // row, and what they write of out, inside these slices.
            unsafe {
                let x = self.x.as_ptr().add(done * self.x_step);
                let out = out.as_mut_ptr().add(done * self.out_step);
                of_size!(self, simd, S, narrow, rows, x, out);
            }
            done += rows;
        }
    }

    /// Whether two lines of so many rows fit one tile of two vectors.
    #[inline(always)]
    pub(crate) fn pairs<S: Lanes>(rows: usize) -> bool {
        (2..=S::ROWS / 2).contains(&rows)
    }

    /// Computes two lines of `rows` rows, a jump apart: for each weight that is read, a tile of
    /// both does as much work as two tiles.
    #[inline(always)]
    pub(crate) fn run_pair<S: Lanes>(&self, simd: S, rows: usize, jump: Jump, out: &mut [f32]) {
        assert!(Self::pairs::<S>(rows));
        self.check::<S>(rows, jump, out);
        #[allow(
            unsafe_code,
            reason = "the sums stay in registers only without bounds checks"
        )]
        // SAFETY: the check keeps what both lines read of x, w and the starting row, and what they
        // write of out, inside these slices.
        unsafe {
            let (x, out) = (self.x.as_ptr(), out.as_mut_ptr());
            match rows {
                2 => self.lines::<S, true, 2, 2>(simd, x, out, jump),
                3 => self.lines::<S, true, 3, 2>(simd, x, out, jump),
                4 if S::ROWS >= 8 => self.lines::<S, true, 4, 2>(simd, x, out, jump),
                5 if S::ROWS >= 10 => self.lines::<S, true, 5, 2>(simd, x, out, jump),
                6 if S::ROWS >= 12 => self.lines::<S, true, 6, 2>(simd, x, out, jump),
                7 if S::ROWS >= 14 => self.lines::<S, true, 7, 2>(simd, x, out, jump),
                _ => {}
            }
        }
    }

    /// Panics unless all that lines of `rows` rows read and write lies inside the slices.
    #[inline(always)]
    fn check<S: Lanes>(&self, rows: usize, jump: Jump, out: &[f32]) {
        let depth: usize = self.runs.iter().map(|run| run.len).sum();
        let reach = self.runs.iter().map(|run| run.offset + run.len).max();
        assert!(self.columns <= panel::<S>() && self.w.len() >= depth * panel::<S>());
        if rows > 0 {
            let last = (rows - 1) * self.x_step + jump.x;
            assert!(last + reach.unwrap_or(0) <= self.x.len());
            assert!((rows - 1) * self.out_step + jump.out + self.columns <= out.len());
        }
        if let Start::Row(row) = self.start {
            assert!(row.len() >= panel::<S>());
        }
    }

    /// # Safety
    /// As for [`lines`](Self::lines), of one line.
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
        // SAFETY: by the contract.
        unsafe { self.lines::<S, false, N, V>(simd, x, out, Jump { x: 0, out: 0 }) }
    }

    /// A line of N rows of V vectors, or two.
    ///
    /// # Safety
    /// `x` and `out` are these slices' starts moved on by whole rows; N more, and for the second
    /// line N more after the jump, are left in both; every run lies inside `x`; `w` and a starting
    /// row are as long as they must be.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn lines<S: Lanes, const TWO: bool, const N: usize, const V: usize>(
        &self,
        simd: S,
        x: *const f32,
        out: *mut f32,
        jump: Jump,
    ) {
        let lanes = S::F32_LANES;
        // Two arrays and no loop over them, because the compiler would not unroll it, and the sums
        // would live in memory.
        let mut first = [[simd.splat_f32s(0.0); V]; N];
        let mut second = first;
        // SAFETY: see the function's contract. A vector is an array of f32 to the compiler, so it
        // may be read and written wherever its values lie, unaligned.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            let next = out.wrapping_add(jump.out);
            match self.start {
                Start::Zero => {}
                Start::Row(row) => {
                    first = [std::array::from_fn(|v| at(row.as_ptr().add(v * lanes))); N];
                    second = first;
                }
                Start::Out => {
                    load(simd, out, self.out_step, self.columns, &mut first);
                    if TWO {
                        load(simd, next, self.out_step, self.columns, &mut second);
                    }
                }
            }
            let mut w = self.w.as_ptr();
            for run in self.runs {
                let mut x = x.add(run.offset);
                for _ in 0..run.len {
                    let weights: [_; V] = std::array::from_fn(|v| at(w.add(v * lanes)));
                    self.add_row(simd, x, &weights, &mut first);
                    if TWO {
                        self.add_row(simd, x.add(jump.x), &weights, &mut second);
                    }
                    w = w.add(2 * lanes);
                    x = x.add(1);
                }
            }
            store(simd, out, self.out_step, self.columns, &first);
            if TWO {
                store(simd, next, self.out_step, self.columns, &second);
            }
        }
    }

    /// Adds one value of each of N rows times a row of weights.
    ///
    /// # Safety
    /// N values can be read at `x` and every `x_step` values from there.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn add_row<S: Lanes, const N: usize, const V: usize>(
        &self,
        simd: S,
        x: *const f32,
        weights: &[S::f32s; V],
        sums: &mut [[S::f32s; V]; N],
    ) {
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: by the contract.
            let value = simd.splat_f32s(unsafe { *x.add(i * self.x_step) });
            for (sum, &weight) in sums.iter_mut().zip(weights) {
                *sum = simd.fma(value, weight, *sum);
            }
        }
    }
}
