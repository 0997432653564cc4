//! The sixteen matrix products.

use super::super::simd::Lanes;
use super::super::tile::{Product, Run, Start, panel};
use super::planes::Planes;

/// Values from one matrix of a panel's products to the next; a little more than they hold, lest
/// all sixteen compete for the same lines of the cache.
#[inline(always)]
pub(super) fn plane<S: Lanes>(tiles: usize) -> usize {
    tiles * panel::<S>() + 16
}

/// The values of a panel whose products are worth computing when `wanted` values, or a panel's if
/// that is less, are: a vector or two.
#[inline(always)]
pub(super) fn whole_vectors<S: Lanes>(wanted: usize) -> usize {
    wanted.next_multiple_of(S::F32_LANES).min(panel::<S>())
}

/// Sixteen products of a block of tiles, or of some of their columns, with a panel of the filter
/// that has as many terms, of which `outputs` outputs are wanted.
#[inline(always)]
pub(super) fn multiply<S: Lanes>(
    simd: S,
    left: (Planes, &[f32]),
    runs: &[Run],
    right: (&[f32], usize),
    start: Start<'_>,
    out: &mut [f32],
) {
    for k in 0..16 {
        multiply_one(simd, k, left, runs, right, start, out);
    }
}

/// Product `k` of them.
#[inline(always)]
pub(super) fn multiply_one<S: Lanes>(
    simd: S,
    k: usize,
    (planes, x): (Planes, &[f32]),
    runs: &[Run],
    (filter, outputs): (&[f32], usize),
    start: Start<'_>,
    out: &mut [f32],
) {
    let depth: usize = runs.iter().map(|run| run.len).sum();
    let product = Product {
        x: &x[k * planes.plane()..],
        x_step: planes.width(),
        runs,
        w: &filter[k * depth * panel::<S>()..],
        out_step: panel::<S>(),
        columns: whole_vectors::<S>(outputs),
        start,
    };
    product.run(simd, planes.tiles, &mut out[k * plane::<S>(planes.tiles)..]);
}
