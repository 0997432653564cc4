//! The window of nearly every network, 3 × 3 that moves by one pixel: each input that is read
//! serves all outputs of a tile that need it.

use super::super::simd::Lanes;
use super::super::tile::even_parts;
use crate::geometry::Geometry2d;

/// Taps of the window.
pub(super) const TAPS: usize = 9;

/// Columns of a tile, at most.
const COLUMNS: usize = 4;

/// Whether a window is the one that is done here. It reads three columns for each pixel, from the left
/// margin's start on.
pub(super) fn fits(window: &Geometry2d) -> bool {
    let ones = [window.stride, window.dilation] == [[1, 1]; 2];
    ones && window.kernel == [3, 3] && window.padding[1] <= 2
}

/// One or two rows of the output.
pub(super) struct Rows<'a> {
    pub(super) x: &'a [f32],
    /// Where the rows below the first row's window begin, and the one that the second row's window
    /// has in addition.
    pub(super) starts: [usize; 4],
    /// Values of a pixel, here and in the output.
    pub(super) channels: usize,
    /// For each tap the weights of all channels, a vector's multiple.
    pub(super) weights: &'a [f32],
    pub(super) weights_step: usize,
    /// Whether the taps are to be taken from the last to the first.
    pub(super) reversed: bool,
    /// What sums begin with.
    pub(super) start: &'a [f32],
    /// Pixels of a row of the output.
    pub(super) width: usize,
}

impl Rows<'_> {
    /// Computes R rows, 1 or 2.
    #[inline(always)]
    pub(super) fn run<S: Lanes, const R: usize>(&self, simd: S, y: &mut [f32]) {
        let y_row = self.width * self.channels;
        let end = self.channels.next_multiple_of(S::F32_LANES);
        assert!((1..=2).contains(&R));
        assert!(self.weights.len() >= (TAPS - 1) * self.weights_step + end);
        assert!(self.start.len() >= end && y.len() >= R * y_row && self.width > 0);
        let reach = (self.width + 1) * self.channels + end;
        assert!(
            self.starts[..R + 2]
                .iter()
                .all(|at| at + reach <= self.x.len())
        );
        for channel in (0..self.channels).step_by(S::F32_LANES) {
            let lanes = (self.channels - channel).min(S::F32_LANES);
            let mut weights = [simd.splat_f32s(0.0); TAPS];
            for (tap, weights) in weights.iter_mut().enumerate() {
                let tap = if self.reversed { TAPS - 1 - tap } else { tap };
                let (values, _) =
                    S::as_simd_f32s(&self.weights[tap * self.weights_step + channel..]);
                *weights = values[0];
            }
            let (start, _) = S::as_simd_f32s(&self.start[channel..]);
            let mut done = 0;
            for columns in even_parts(self.width, COLUMNS) {
                let at = done * self.channels + channel;
                #[allow(
                    unsafe_code,
                    reason = "the sums stay in registers only without bounds checks"
                )]
                // SAFETY: the assertions above hold for the last column and the last channels.
                unsafe {
                    let tile = Tile {
                        x: self
                            .starts
                            .map(|start| self.x.as_ptr().wrapping_add(start + at)),
                        step: self.channels,
                        y: y.as_mut_ptr().add(at),
                        y_row,
                        lanes,
                    };
                    match columns {
                        1 => tile.run::<S, R, 1>(simd, &weights, start[0]),
                        2 => tile.run::<S, R, 2>(simd, &weights, start[0]),
                        3 => tile.run::<S, R, 3>(simd, &weights, start[0]),
                        _ => tile.run::<S, R, COLUMNS>(simd, &weights, start[0]),
                    }
                }
                done += columns;
            }
        }
    }
}

/// One vector of channels.
struct Tile {
    /// The first input of each row below the windows.
    x: [*const f32; 4],
    step: usize,
    y: *mut f32,
    y_row: usize,
    /// Channels that are there.
    lanes: usize,
}

impl Tile {
    /// # Safety
    /// R + 2 rows of N + 2 vectors can be read, and R rows of N vectors of `lanes` values written.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn run<S: Lanes, const R: usize, const N: usize>(
        &self,
        simd: S,
        weights: &[S::f32s; TAPS],
        start: S::f32s,
    ) {
        let mut sums = [[start; N]; R];
        for (row, &x) in self.x.iter().enumerate().take(R + 2) {
            for column in 0..N + 2 {
                // SAFETY: by the contract. A vector is an array of f32 to the compiler, so it may
                // be read wherever its values lie.
                let x = unsafe { x.add(column * self.step).cast::<S::f32s>().read_unaligned() };
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (j, sum) in sums.iter_mut().enumerate() {
                        if (i..i + 3).contains(&row) && (j..j + 3).contains(&column) {
                            *sum = simd.fma(x, weights[(row - i) * 3 + column - j], *sum);
                        }
                    }
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                // SAFETY: by the contract.
                unsafe {
                    let y = self.y.add(i * self.y_row + j * self.step);
                    if self.lanes == S::F32_LANES {
                        y.cast::<S::f32s>().write_unaligned(sum);
                    } else {
                        let y = std::slice::from_raw_parts_mut(y, self.lanes);
                        simd.partial_store_f32s(y, sum);
                    }
                }
            }
        }
    }
}
