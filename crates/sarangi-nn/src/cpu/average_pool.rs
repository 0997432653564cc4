//! The mean of each window.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::pictures::Pictures;
use super::rows::{Ring, Rows};
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{Strip, strips};
use super::windows::{Axis, Tap, Windows, reach};

/// The shapes of an average pooling; adaptive windows and one output are global pooling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AveragePool {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    pub(crate) windows: Windows,
    /// Whether a moving window's padding counts as zeros, or not at all.
    pub(crate) count_include_pad: bool,
}

/// Values that are added one after the other: with sums of such sums, and those of rows, rounding
/// does not grow with the window.
const RUN: usize = 32;

impl AveragePool {
    /// `y = mean(x)`.
    pub(crate) fn forward(&self, x: Source, y: &mut [f32]) {
        let means = Means::new(self);
        strips(self.output, y).into_par_iter().for_each(|y| {
            run(Forward {
                x: rows(x, self.input, y.image, &means.rows.reads[y.first..]),
                means: &means,
                y,
            });
        });
    }

    /// The gradient of x.
    pub(crate) fn backward(&self, dy: Source, dx: &mut [f32]) {
        let means = Means::new(self);
        strips(self.input, dx).into_par_iter().for_each(|dx| {
            run(Backward {
                dy: rows(dy, self.output, dx.image, &means.rows.read_by[dx.first..]),
                means: &means,
                dx,
            });
        });
    }
}

/// Rows for taps that are taken row by row: one at a time, or so many as windows share.
fn rows<'a>(of: Source<'a>, pictures: Pictures, image: usize, taps: &[Vec<Tap>]) -> Rows<'a> {
    let shared = taps
        .windows(2)
        .any(|pair| reach(&pair[..1]).end > reach(&pair[1..]).start);
    let most = taps
        .iter()
        .map(|taps| reach(std::slice::from_ref(taps)).len())
        .max();
    let slots = if shared { most.unwrap_or(0) } else { 1 };
    Rows::new(of, pictures, image, Ring::plain(slots))
}

/// The windows and what their sums are multiplied by.
struct Means {
    rows: Axis,
    columns: Axis,
    channels: usize,
    /// How many values count in each window, if it is the same for all.
    count: Option<usize>,
}

impl Means {
    fn new(of: &AveragePool) -> Self {
        let [rows, columns] = of.windows.axes(of.input, of.output);
        let count = match of.windows {
            Windows::Moving(window) if of.count_include_pad => Some(window.kernel.iter().product()),
            _ => None,
        };
        Self {
            rows,
            columns,
            channels: of.input.channels,
            count,
        }
    }

    /// One by the number of values in the window of an output.
    #[inline(always)]
    fn share(&self, row: usize, column: usize) -> f32 {
        let inside = self.rows.reads[row].len() * self.columns.reads[column].len();
        1.0 / self.count.unwrap_or(inside).max(1) as f32
    }
}

/// Some rows of the output.
struct Forward<'a> {
    x: Rows<'a>,
    means: &'a Means,
    y: Strip<'a, f32>,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let (means, channels) = (self.means, self.means.channels);
        let columns = &means.columns.reads;
        for (row, y) in self
            .y
            .values
            .chunks_mut(columns.len() * channels)
            .enumerate()
        {
            y.fill(0.0);
            let row = self.y.first + row;
            for tap in &means.rows.reads[row] {
                self.x.read(simd, tap.at..tap.at + 1);
                let x = self.x.row(tap.at);
                for (y, taps) in y.chunks_mut(channels).zip(columns) {
                    add_pixels(simd, x, taps, y);
                }
            }
            for (column, y) in y.chunks_mut(channels).enumerate() {
                let share = means.share(row, column);
                y.iter_mut().for_each(|y| *y *= share);
            }
        }
    }
}

/// Adds the sum of some pixels of a row.
#[inline(always)]
fn add_pixels<S: Lanes>(simd: S, x: &[f32], taps: &[Tap], y: &mut [f32]) {
    let channels = y.len();
    let mut done = 0;
    // Several vectors side by side, for the sum of one would wait for itself.
    while channels - done >= 4 * S::F32_LANES {
        add_vectors::<S, 4>(simd, x, taps, done, y);
        done += 4 * S::F32_LANES;
    }
    while channels - done >= 2 * S::F32_LANES {
        add_vectors::<S, 2>(simd, x, taps, done, y);
        done += 2 * S::F32_LANES;
    }
    while channels - done >= S::F32_LANES {
        add_vectors::<S, 1>(simd, x, taps, done, y);
        done += S::F32_LANES;
    }
    if done < channels {
        let mut total = simd.splat_f32s(0.0);
        for taps in taps.chunks(RUN) {
            let mut sum = simd.splat_f32s(0.0);
            for tap in taps {
                let x = &x[tap.at * channels..][done..channels];
                sum = simd.add_f32s(sum, simd.partial_load_f32s(x));
            }
            total = simd.add_f32s(total, sum);
        }
        let y = &mut y[done..];
        let total = simd.add_f32s(simd.partial_load_f32s(y), total);
        simd.partial_store_f32s(y, total);
    }
}

/// The same for N whole vectors of channels from channel `from` on.
#[inline(always)]
fn add_vectors<S: Lanes, const N: usize>(
    simd: S,
    x: &[f32],
    taps: &[Tap],
    from: usize,
    y: &mut [f32],
) {
    let zero = simd.splat_f32s(0.0);
    let (channels, len) = (y.len(), N * S::F32_LANES);
    let mut totals = [zero; N];
    for taps in taps.chunks(RUN) {
        let mut sums = [zero; N];
        for tap in taps {
            let (x, _) = S::as_simd_f32s(&x[tap.at * channels + from..][..len]);
            for (sum, &x) in sums.iter_mut().zip(x) {
                *sum = simd.add_f32s(*sum, x);
            }
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = simd.add_f32s(*total, sum);
        }
    }
    let (y, _) = S::as_mut_simd_f32s(&mut y[from..from + len]);
    for (y, total) in y.iter_mut().zip(totals) {
        *y = simd.add_f32s(*y, total);
    }
}

/// Some rows of the input.
struct Backward<'a> {
    dy: Rows<'a>,
    means: &'a Means,
    dx: Strip<'a, f32>,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let (means, channels) = (self.means, self.means.channels);
        let columns = &means.columns.read_by;
        for (row, dx) in self
            .dx
            .values
            .chunks_mut(columns.len() * channels)
            .enumerate()
        {
            dx.fill(0.0);
            for row in &means.rows.read_by[self.dx.first + row] {
                self.dy.read(simd, row.at..row.at + 1);
                let dy = self.dy.row(row.at);
                for (dx, taps) in dx.chunks_mut(channels).zip(columns) {
                    for column in taps {
                        let share = means.share(row.at, column.at);
                        let dy = &dy[column.at * channels..][..channels];
                        dx.iter_mut()
                            .zip(dy)
                            .for_each(|(dx, &dy)| *dx += share * dy);
                    }
                }
            }
        }
    }
}
