//! The outputs from their products.

use std::ops::Range;

use super::super::simd::Lanes;
use super::super::tile::{panel, panel_width};
use super::products::plane;
use super::tiles::Tiles;
use super::transform;

/// y = sum + bias, the biases in whole panels.
pub(super) struct Finish {
    bias: Vec<f32>,
}

impl Finish {
    pub(super) fn new(bias: Option<&[f32]>, channels: usize) -> Self {
        let mut bias = bias.map_or_else(Vec::new, <[f32]>::to_vec);
        bias.resize(channels.next_multiple_of(panel_width()), 0.0);
        Self { bias }
    }

    /// Writes one panel of outputs of a block of tiles to `y`, which begins with row `first` of
    /// tiles.
    #[inline(always)]
    pub(super) fn write<S: Lanes>(
        &self,
        simd: S,
        tiles: &Tiles,
        (block, column): (&Range<usize>, usize),
        products: &[f32],
        first: usize,
        y: &mut [f32],
    ) {
        let step = plane::<S>(block.len());
        let (of, start) = (tiles.of, tiles.offset(first));
        for segment in tiles.segments(block) {
            let rows = 2.min(of.height - segment.y);
            let row = (segment.image * of.height + segment.y) * of.width;
            let last = (segment.first + segment.columns.len()) * panel::<S>();
            assert!(15 * step + last <= products.len());
            for (i, x) in segment.columns.enumerate() {
                // One half after the other, so that y is written from one end to the other.
                for half in 0..2 {
                    let channel = column * panel::<S>() + half * S::F32_LANES;
                    let here = S::F32_LANES.min(of.channels.saturating_sub(channel));
                    if here == 0 {
                        break;
                    }
                    let bias = S::as_simd_f32s(&self.bias[channel..][..S::F32_LANES]).0[0];
                    let from = (segment.first + i) * panel::<S>() + half * S::F32_LANES;
                    let mut m = [[simd.splat_f32s(0.0); 4]; 4];
                    for (k, m) in m.as_flattened_mut().iter_mut().enumerate() {
                        // SAFETY: the last of the segment's tiles ends inside, as asserted.
                        #[allow(unsafe_code, reason = "the bounds are checked once for a row")]
                        unsafe {
                            let from = products.as_ptr().add(k * step + from);
                            *m = from.cast::<S::f32s>().read_unaligned();
                        }
                    }
                    let sums = transform::output(simd, m);
                    for (i, sums) in sums.iter().enumerate().take(rows) {
                        let pixel = row + i * of.width + 2 * x;
                        for (j, &sum) in sums.iter().enumerate().take(of.width - 2 * x) {
                            let value = simd.add_f32s(sum, bias);
                            let y = &mut y[(pixel + j) * of.channels + channel - start..][..here];
                            if here == S::F32_LANES {
                                S::as_mut_simd_f32s(y).0[0] = value;
                            } else {
                                simd.partial_store_f32s(y, value);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Asks for the memory of what [`write`](Self::write) will write: the products that come before
    /// it take long enough for it to arrive.
    #[inline(always)]
    pub(super) fn expect<S: Lanes>(
        &self,
        simd: S,
        tiles: &Tiles,
        (block, column): (&Range<usize>, usize),
        first: usize,
        y: &[f32],
    ) {
        let (of, start) = (tiles.of, tiles.offset(first));
        let channel = column * panel::<S>();
        let channels = channel..of.channels.min(channel + panel::<S>());
        for segment in tiles.segments(block) {
            let rows = 2.min(of.height - segment.y);
            let columns = 2 * segment.columns.start..of.width.min(2 * segment.columns.end);
            for row in 0..rows {
                let row = (segment.image * of.height + segment.y + row) * of.width;
                for pixel in columns.clone() {
                    let pixel = (row + pixel) * of.channels - start;
                    for channel in channels.clone().step_by(S::F32_LANES) {
                        simd.prefetch(y.as_ptr().wrapping_add(pixel + channel));
                    }
                }
            }
        }
    }
}
