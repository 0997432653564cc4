//! Sixteen matrices, one for each product of a tile: tiles by channels.

use std::ops::Range;

use super::super::simd::Lanes;
use super::super::tile::{Run, panel};
use super::tiles::Tiles;
use super::window::Window;

/// How sixteen matrices of tiles by channels lie in memory. The channels are cut into columns of
/// `width`, each of them contiguous, so that small products touch few pages and cache lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub(super) tiles: usize,
    channels: usize,
    width: usize,
}

/// The widest panel of any instruction set.
const WIDEST_PANEL: usize = 32;

/// Channels of a column of a left factor: a kilobyte for each tile.
const DEPTH: usize = 256;

impl Planes {
    /// Matrices that are left factors.
    pub(super) fn left(tiles: usize, channels: usize) -> Self {
        Self {
            tiles,
            channels,
            width: channels
                .next_multiple_of(WIDEST_PANEL)
                .clamp(WIDEST_PANEL, DEPTH),
        }
    }

    /// Matrices that are right factors: their columns are panels.
    pub(super) fn right(tiles: usize, channels: usize, panel: usize) -> Self {
        Self {
            tiles,
            channels,
            width: panel,
        }
    }

    /// Values of one column.
    pub(super) fn column(&self) -> usize {
        self.tiles * self.width
    }

    /// Columns of one matrix.
    pub(super) fn columns(&self) -> usize {
        self.channels.div_ceil(self.width)
    }

    /// Values from one row of a column to the next.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Channels of a column.
    pub(super) fn channels(&self, column: usize) -> usize {
        self.width.min(self.channels - column * self.width)
    }

    /// Values from one matrix to the next; a little more than they hold, lest all sixteen compete
    /// for the same lines of the cache.
    pub(super) fn plane(&self) -> usize {
        self.columns() * self.column() + 16
    }

    /// Values of all matrices.
    pub(super) fn len(&self) -> usize {
        16 * self.plane()
    }

    /// A row of a left factor, as a tile's product reads it.
    pub(super) fn runs(&self) -> Vec<Run> {
        (0..self.columns()).map(|column| self.run(column)).collect()
    }

    /// One column's part of it.
    pub(super) fn run(&self, column: usize) -> Run {
        Run {
            offset: column * self.column(),
            len: self.channels(column),
        }
    }

    /// Transforms the pixels of a block of tiles, `N` × `N` for each tile, into the matrices.
    /// What is left of the last panel of channels becomes 0.
    #[inline(always)]
    pub(super) fn fill<S: Lanes, const N: usize>(
        &self,
        simd: S,
        transform: impl Fn(S, [[S::f32s; N]; N]) -> [[S::f32s; 4]; 4],
        window: &mut Window<'_>,
        (tiles, block): (&Tiles, &Range<usize>),
        out: &mut [f32],
    ) {
        let (lanes, plane) = (S::F32_LANES, self.plane());
        let whole = self.channels.next_multiple_of(panel::<S>());
        assert!(whole <= self.columns() * self.width && out.len() >= self.len());
        for segment in tiles.segments(block) {
            window.move_to(simd, segment.image, segment.y);
            let mut rows = [std::ptr::null(); N];
            for (i, row) in rows.iter_mut().enumerate() {
                let values = &window.values()[window.offset(segment.y + i)..][..window.row()];
                assert!((2 * (segment.columns.end - 1) + N) * self.channels <= values.len());
                *row = values.as_ptr();
            }
            assert!(segment.first + segment.columns.len() <= self.tiles);
            for (i, x) in segment.columns.enumerate() {
                for column in 0..self.columns() {
                    let start = column * self.width;
                    let end = whole.min(start + self.width);
                    let at = column * self.column() + (segment.first + i) * self.width;
                    for c in (start..end).step_by(lanes) {
                        let here = lanes.min(self.channels.saturating_sub(c));
                        let first = 2 * x * self.channels + c;
                        // SAFETY: the rows hold the pixels of all tiles of the segment, as
                        // asserted, so that `here` values are left from value c of any of them on;
                        // the matrices hold a vector at both halves of each panel, as asserted.
                        #[allow(unsafe_code, reason = "32 bounds checks cost more than the sums")]
                        unsafe {
                            let pixels = read(
                                simd,
                                rows.map(|row: *const f32| row.wrapping_add(first)),
                                self.channels,
                                here,
                            );
                            let out = out.as_mut_ptr().add(at + c - start);
                            let values = transform(simd, pixels);
                            for (k, &value) in values.as_flattened().iter().enumerate() {
                                out.add(k * plane).cast::<S::f32s>().write_unaligned(value);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A vector from each of N × N pixels `step` values apart, of which only the first `here` values
/// are there; the others become 0.
///
/// # Safety
/// `here` values, at most a vector's, can be read from each pixel.
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the caller checks the bounds of a whole row of tiles"
)]
unsafe fn read<S: Lanes, const N: usize>(
    simd: S,
    rows: [*const f32; N],
    step: usize,
    here: usize,
) -> [[S::f32s; N]; N] {
    let mut pixels = [[simd.splat_f32s(0.0); N]; N];
    // SAFETY: by the contract.
    unsafe {
        if here == S::F32_LANES {
            for (pixels, row) in pixels.iter_mut().zip(rows) {
                for (j, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = row.add(j * step).cast::<S::f32s>().read_unaligned();
                }
            }
        } else if here > 0 {
            for (pixels, row) in pixels.iter_mut().zip(rows) {
                for (j, pixel) in pixels.iter_mut().enumerate() {
                    let values = std::slice::from_raw_parts(row.add(j * step), here);
                    *pixel = simd.partial_load_f32s(values);
                }
            }
        }
    }
    pixels
}
