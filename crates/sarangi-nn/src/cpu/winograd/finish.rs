//! The outputs from their products.

use std::ops::Range;

use super::super::map::{Activation, Clamp};
use super::super::simd::Lanes;
use super::super::tile::{panel, panel_width};
use super::products::plane;
use super::tiles::Tiles;
use super::transform;

/// y = activation(scale · sum + shift), the numbers in whole panels.
pub(super) struct Finish {
    scale: Vec<f32>,
    shift: Vec<f32>,
    activation: Activation,
}

impl Finish {
    pub(super) fn new(
        scale: Option<&[f32]>,
        shift: Option<&[f32]>,
        activation: Activation,
        channels: usize,
    ) -> Self {
        let whole = channels.next_multiple_of(panel_width());
        let padded = |values: Option<&[f32]>, otherwise| {
            let mut all = values.map_or_else(|| vec![otherwise; channels], <[f32]>::to_vec);
            all.resize(whole, otherwise);
            all
        };
        Self {
            scale: padded(scale, 1.0),
            shift: padded(shift, 0.0),
            activation,
        }
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
        let (lanes, step) = (S::F32_LANES, plane::<S>(block.len()));
        let (of, start) = (tiles.of, tiles.offset(first));
        let clamp = Clamp::new(simd, self.activation);
        for half in 0..2 {
            let channel = column * panel::<S>() + half * lanes;
            let here = lanes.min(of.channels.saturating_sub(channel));
            if here == 0 {
                return;
            }
            let scale = S::as_simd_f32s(&self.scale[channel..][..lanes]).0[0];
            let shift = S::as_simd_f32s(&self.shift[channel..][..lanes]).0[0];
            for segment in tiles.segments(block) {
                let rows = 2.min(of.height - segment.y);
                let row = (segment.image * of.height + segment.y) * of.width;
                let last = (segment.first + segment.columns.len()) * panel::<S>();
                assert!(15 * step + last <= products.len());
                for (i, x) in segment.columns.enumerate() {
                    let from = (segment.first + i) * panel::<S>() + half * lanes;
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
                            let value = clamp.apply(simd, simd.fma(sum, scale, shift));
                            let y = &mut y[(pixel + j) * of.channels + channel - start..][..here];
                            if here == lanes {
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
}
