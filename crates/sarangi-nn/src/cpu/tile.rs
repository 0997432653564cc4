//! The two innermost loops of every convolution: small matrix products whose sums stay in registers.
//!
//! A tile is up to [`Lanes::ROWS`] rows high and [`panel`] values (two vectors) wide.

/// Calls the tile of so many rows and of one vector or two.
macro_rules! of_size {
    ($self:ident, $simd:ident, $S:ident, $narrow:ident, $rows:ident, $x:ident, $out:ident) => {
        of_size!(@ $self, $simd, $S, $narrow, $rows, $x, $out,
            1 2 3 4 5 6, 7 8 9 10 11 12 13 14)
    };
    (@ $self:ident, $simd:ident, $S:ident, $narrow:ident, $rows:ident, $x:ident, $out:ident,
        $($few:literal)*, $($many:literal)*) => {
        match ($narrow, $rows) {
            $((true, $few) => $self.tile::<$S, $few, 1>($simd, $x, $out),)*
            $((false, $few) => $self.tile::<$S, $few, 2>($simd, $x, $out),)*
            $((true, $many) => $self.tile::<$S, $many, 1>($simd, $x, $out),)*
            $((false, $many) if $S::ROWS > 6 => $self.tile::<$S, $many, 2>($simd, $x, $out),)*
            _ => {}
        }
    };
}

mod outer;
mod product;
mod sums;

use super::simd::{self, Kernel, Lanes};

pub(crate) use outer::Outer;
pub(crate) use product::{Jump, Product, Start};

/// The width of a tile, and of a panel of packed weights, in values.
#[inline(always)]
pub(crate) fn panel<S: Lanes>() -> usize {
    2 * S::F32_LANES
}

/// [`panel`] with the current instruction set.
pub(crate) fn panel_width() -> usize {
    struct Width;
    impl Kernel for Width {
        type Output = usize;

        #[inline(always)]
        fn run<S: Lanes>(self, _: S) -> usize {
            panel::<S>()
        }
    }
    simd::run(Width)
}

/// Consecutive values of the left factor, `offset` values from the row's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

/// Rows of the largest tile that is one vector wide (`narrow`) or two: with half as many sums per
/// row, twice as many rows fit the registers, but more than 14 are of no use.
#[inline(always)]
fn highest<S: Lanes>(narrow: bool) -> usize {
    if narrow {
        (2 * S::ROWS).min(14)
    } else {
        S::ROWS
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
            for (rows, columns) in [(1, 1), (2, 3), (5, width), (14, width - 1), (29, width / 2)] {
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
                if Product::pairs::<S>(rows) {
                    let jump = Jump {
                        x: 13,
                        out: rows * (width + 1) + 3,
                    };
                    let mut pair = vec![9.0; 2 * jump.out];
                    product.run_pair(simd, rows, jump, &mut pair);
                    assert_eq!(pair[..out.len()], out);
                    let moved = Product {
                        x: &x[jump.x..],
                        ..product
                    };
                    let mut second = vec![9.0; out.len()];
                    moved.run(simd, rows, &mut second);
                    assert_eq!(pair[jump.out..][..out.len()], second);
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
