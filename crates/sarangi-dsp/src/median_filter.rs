//! Running medians of the rows or columns of a matrix.

use std::ops::Range;

use pulp::Simd;
use sarangi_core::{Error, Result};

use crate::lanes::{LANES, Lanes, turn};
use crate::simd::{Kernel, run};

/// The longest window.
const LONGEST: usize = 1 << 12;

/// Sort keys of one value of each of sixteen lines.
type Keys = [i32; LANES];

/// A running median along one axis of a matrix, as `scipy.ndimage.median_filter` with
/// `mode="reflect"`.
///
/// y\[i\] is the value of rank ⌊n / 2⌋ (from 0) among x\[i − ⌊n / 2⌋\], …, n values in all, where
/// what lies beyond an end is the line mirrored there, the last value repeated. For odd n that is
/// the median, exactly; for even n the upper of the two in the middle.
///
/// Values are ordered as [`f32::total_cmp`] does, so NaN counts as larger than everything and does
/// no harm to its neighbours. Sixteen lines are filtered side by side: each keeps its window sorted,
/// and a step replaces one value in all of them without a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MedianFilter {
    size: usize,
}

/// Working memory of one call of a [`MedianFilter`], whatever its size.
#[derive(Clone, Debug, Default)]
pub struct MedianFilterScratch {
    lines: Vec<Lanes>,
    window: Vec<Keys>,
}

impl MedianFilter {
    /// A median of `size` values, 1 to 4096.
    ///
    /// # Errors
    /// [`Error::Config`] if `size` is another.
    pub fn new(size: usize) -> Result<Self> {
        if !(1..=LONGEST).contains(&size) {
            let reason = format!("must be 1 to {LONGEST}, got {size}");
            return Err(Error::config("median_filter", "size", reason));
        }
        Ok(Self { size })
    }

    /// How many values a median is of.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Filters each row of a matrix.
    ///
    /// # Shapes
    /// `matrix` and `out` are row-major (any, `width`).
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not.
    pub fn rows_into(
        &self,
        matrix: &[f32],
        width: usize,
        out: &mut [f32],
        scratch: &mut MedianFilterScratch,
    ) -> Result<()> {
        check(matrix, width, out.len(), width)?;
        if width == 0 {
            return Ok(());
        }
        // Up to the next square, whose turning writes what nobody reads.
        scratch.lines = take(&mut scratch.lines, width.next_multiple_of(LANES));
        let rows = matrix.chunks(LANES * width);
        for (rows, out) in rows.zip(out.chunks_mut(LANES * width)) {
            run(Upright {
                rows,
                width,
                lines: &mut scratch.lines,
            });
            self.lines(width, scratch);
            run(Lying {
                lines: &scratch.lines,
                width,
                rows: out,
            });
        }
        Ok(())
    }

    /// Filters some columns of a matrix.
    ///
    /// # Shapes
    /// `matrix` is row-major (any, `width`), `out` row-major (the same, length of `columns`).
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not, or the matrix has not these columns.
    pub fn columns_into(
        &self,
        matrix: &[f32],
        width: usize,
        columns: Range<usize>,
        out: &mut [f32],
        scratch: &mut MedianFilterScratch,
    ) -> Result<()> {
        check(matrix, width, out.len(), columns.len())?;
        if columns.end > width {
            let expected = format_args!("columns up to {width}");
            return Err(Error::shape("median filter", expected, columns.end));
        }
        if columns.is_empty() || matrix.is_empty() {
            return Ok(());
        }
        let len = matrix.len() / width;
        scratch.lines = take(&mut scratch.lines, len);
        for first in columns.clone().step_by(LANES) {
            let count = LANES.min(columns.end - first);
            let rows = matrix.chunks_exact(width);
            for (lane, row) in scratch.lines.iter_mut().zip(rows) {
                lane[..count].copy_from_slice(&row[first..first + count]);
            }
            self.lines(len, scratch);
            let at = first - columns.start;
            for (lane, row) in scratch.lines.iter().zip(out.chunks_mut(columns.len())) {
                row[at..at + count].copy_from_slice(&lane[..count]);
            }
        }
        Ok(())
    }

    /// Filters the first `len` values of sixteen lines, in place.
    fn lines(&self, len: usize, scratch: &mut MedianFilterScratch) {
        let keys = len + 2 * self.size + 1;
        scratch.window.resize(keys, [0; LANES]);
        let (window, keys) = scratch.window.split_at_mut(self.size + 1);
        window.fill([i32::MAX; LANES]);
        run(Running {
            window,
            keys,
            lines: &mut scratch.lines[..len],
        });
    }
}

/// A vector of `len` whose content does not matter.
fn take(lines: &mut Vec<Lanes>, len: usize) -> Vec<Lanes> {
    let mut lines = std::mem::take(lines);
    lines.resize(len, [0.0; LANES]);
    lines
}

fn check(matrix: &[f32], width: usize, out: usize, columns: usize) -> Result<()> {
    let rows = matrix.len() / width.max(1);
    if matrix.len() != rows * width || out != rows * columns {
        let expected = format_args!("{rows} rows of {width} into rows of {columns}");
        let got = format_args!("{} into {out} values", matrix.len());
        return Err(Error::shape("median filter", expected, got));
    }
    Ok(())
}

/// Makes lines of up to sixteen rows.
struct Upright<'a> {
    rows: &'a [f32],
    width: usize,
    lines: &'a mut [Lanes],
}

impl Kernel for Upright<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let squares = self.lines.as_chunks_mut::<LANES>().0;
        for (square, first) in squares.iter_mut().zip((0..).step_by(LANES)) {
            let count = LANES.min(self.width - first);
            let mut tile = [[0.0; LANES]; LANES];
            for (line, row) in tile.iter_mut().zip(self.rows.chunks_exact(self.width)) {
                match row[first..].first_chunk() {
                    Some(whole) => *line = *whole,
                    None => line[..count].copy_from_slice(&row[first..]),
                }
            }
            turn(tile, square);
        }
    }
}

/// Makes up to sixteen rows of lines.
struct Lying<'a> {
    lines: &'a [Lanes],
    width: usize,
    rows: &'a mut [f32],
}

impl Kernel for Lying<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let squares = self.lines.as_chunks::<LANES>().0;
        for (square, first) in squares.iter().zip((0..).step_by(LANES)) {
            let count = LANES.min(self.width - first);
            let mut tile = [[0.0; LANES]; LANES];
            turn(*square, &mut tile);
            for (line, row) in tile.iter().zip(self.rows.chunks_exact_mut(self.width)) {
                row[first..first + count].copy_from_slice(&line[..count]);
            }
        }
    }
}

/// Sixteen running medians.
struct Running<'a> {
    /// The sorted windows, and what is larger than all behind them.
    window: &'a mut [Keys],
    /// Room for the keys of the lines with their mirrored ends.
    keys: &'a mut [Keys],
    lines: &'a mut [Lanes],
}

impl Kernel for Running<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (size, len) = (self.window.len() - 1, self.lines.len());
        let before = size / 2;
        let keys = &mut self.keys[..len + size - 1];
        for (at, keys) in keys.iter_mut().enumerate() {
            let line = &self.lines[mirrored(at, before, len)];
            for (key, &x) in keys.iter_mut().zip(line) {
                *key = key_of(x);
            }
        }
        for lane in (0..LANES).step_by(S::I32_LANES) {
            for new in &keys[..size] {
                insert(simd, self.window, lane, part::<S>(new, lane));
            }
            for at in 0..len {
                // The key that leaves the window makes room for the median.
                let old = part::<S>(&keys[at], lane);
                *part_mut::<S>(&mut keys[at], lane) = part::<S>(&self.window[before], lane);
                if let Some(new) = keys.get(at + size) {
                    let new = part::<S>(new, lane);
                    replace(simd, self.window, lane, old, new);
                }
            }
        }
        for (line, keys) in self.lines.iter_mut().zip(keys.iter()) {
            for (x, &key) in line.iter_mut().zip(keys) {
                *x = value_of(key);
            }
        }
    }
}

/// The vector that begins at `lane`.
#[inline(always)]
fn part<S: Simd>(keys: &Keys, lane: usize) -> S::i32s {
    S::as_simd_i32s(&keys[lane..lane + S::I32_LANES]).0[0]
}

#[inline(always)]
fn part_mut<S: Simd>(keys: &mut Keys, lane: usize) -> &mut S::i32s {
    &mut S::as_mut_simd_i32s(&mut keys[lane..lane + S::I32_LANES]).0[0]
}

/// Where a line of `len` has what stands at `at`, the line beginning at `before` and mirrored at its
/// ends again and again.
#[inline(always)]
fn mirrored(at: usize, before: usize, len: usize) -> usize {
    let inside = at.wrapping_sub(before);
    if inside < len {
        return inside;
    }
    let folded = (at as isize - before as isize).rem_euclid(2 * len as isize) as usize;
    folded.min(2 * len - 1 - folded)
}

/// Puts one value into each sorted window, whose largest falls out.
#[inline(always)]
fn insert<S: Simd>(simd: S, window: &mut [Keys], lane: usize, new: S::i32s) {
    let mut below = simd.splat_i32s(i32::MIN);
    let last = window.len() - 1;
    for place in &mut window[..last] {
        let place = part_mut::<S>(place, lane);
        let here = *place;
        *place = simd.max_i32s(below, simd.min_i32s(here, new));
        below = here;
    }
}

/// Takes `old` out of each sorted window and puts `new` in.
///
/// Without `old` the window is dᵢ = sᵢ below it and sᵢ₊₁ from it on; with `new` it is
/// max(dᵢ₋₁, min(dᵢ, new)). No place waits for another.
#[inline(always)]
fn replace<S: Simd>(simd: S, window: &mut [Keys], lane: usize, old: S::i32s, new: S::i32s) {
    let mut below = simd.splat_i32s(i32::MIN);
    let mut here = part::<S>(&window[0], lane);
    for at in 1..window.len() {
        let next = part::<S>(&window[at], lane);
        let left = simd.select_i32s(simd.less_than_i32s(here, old), here, next);
        let sorted = simd.max_i32s(below, simd.min_i32s(left, new));
        *part_mut::<S>(&mut window[at - 1], lane) = sorted;
        (below, here) = (left, next);
    }
}

/// An integer that is ordered as the number is in [`f32::total_cmp`].
#[inline(always)]
fn key_of(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// The number of a key: the same step leads back.
#[inline(always)]
fn value_of(key: i32) -> f32 {
    let bits = key ^ (((key >> 31) as u32) >> 1) as i32;
    f32::from_bits(bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sarangi_core::Seed;

    fn by_sorting(line: &[f32], size: usize, at: usize) -> f32 {
        let len = line.len() as isize;
        let mut window: Vec<f32> = (0..size)
            .map(|k| {
                let folded = (at as isize + k as isize - (size / 2) as isize).rem_euclid(2 * len);
                line[folded.min(2 * len - 1 - folded) as usize]
            })
            .collect();
        window.sort_by(f32::total_cmp);
        window[size / 2]
    }

    proptest! {
        #[test]
        fn medians_are_those_of_sorting(
            seed in any::<u64>(),
            rows in 1usize..40,
            width in 1usize..40,
            size in 1usize..50,
            columns in (0usize..40, 0usize..40),
        ) {
            let mut rng = Seed(seed).named("median");
            // Few different values, so that many are equal; and what is no number.
            let strange = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0];
            let matrix: Vec<f32> = (0..rows * width)
                .map(|_| match rng.below(40) {
                    n if n < 5 => strange[n],
                    _ => rng.below(20) as f32 - 10.0,
                })
                .collect();
            let filter = MedianFilter::new(size).unwrap();
            let scratch = &mut MedianFilterScratch::default();
            let mut out = vec![0.0; matrix.len()];
            filter.rows_into(&matrix, width, &mut out, scratch).unwrap();
            for (line, out) in matrix.chunks(width).zip(out.chunks(width)) {
                for (at, got) in out.iter().enumerate() {
                    prop_assert_eq!(got.to_bits(), by_sorting(line, size, at).to_bits());
                }
            }
            let columns = columns.0.min(width)..columns.1.min(width);
            prop_assume!(columns.start <= columns.end);
            let count = columns.len();
            let mut out = vec![0.0; rows * count];
            filter.columns_into(&matrix, width, columns.clone(), &mut out, scratch).unwrap();
            for (index, column) in columns.enumerate() {
                let line: Vec<f32> = matrix[column..].iter().step_by(width).copied().collect();
                for at in 0..rows {
                    let want = by_sorting(&line, size, at);
                    prop_assert_eq!(out[at * count + index].to_bits(), want.to_bits());
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(MedianFilter::new(0).is_err() && MedianFilter::new(1 << 20).is_err());
        let filter = MedianFilter::new(3).unwrap();
        let scratch = &mut MedianFilterScratch::default();
        let mut out = [0.0; 6];
        assert!(filter.rows_into(&[0.0; 6], 4, &mut out, scratch).is_err());
        assert!(filter.rows_into(&[], 0, &mut [], scratch).is_ok());
        for columns in [0..4, 2..4] {
            let refused = filter.columns_into(&[0.0; 6], 3, columns, &mut out[..4], scratch);
            assert!(refused.is_err());
        }
    }
}
