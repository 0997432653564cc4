//! A large filter: one copy of its sums, each panel of which is one task's.

use std::ops::Range;

use rayon::prelude::*;

use super::super::super::buffer::Buffer;
use super::super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::super::tile::{panel, panel_width};
use super::super::filter;
use super::super::planes::Planes;
use super::{Factors, Gradient, add_up};

/// Values of both factors that are held at once.
const HELD: usize = 1 << 22;

/// Tiles whose factors are one task's.
const BLOCK: usize = 56;

pub(super) fn run(of: &Gradient<'_>, dfilter: &mut [f32], mut dbias: Option<&mut [f32]>) {
    let (tiles, inputs, width) = (&of.tiles, of.input.channels, panel_width());
    let held = 16 * tiles.len() * (inputs + tiles.of.channels);
    let chunks = tiles.strips(0..tiles.rows(), held.div_ceil(HELD), 1);
    if let Some(dbias) = dbias.as_deref_mut() {
        dbias.fill(0.0);
    }
    if chunks.is_empty() {
        dfilter.fill(0.0);
    }
    let mut sums: Vec<Option<Buffer>> = Vec::new();
    sums.resize_with(tiles.of.channels.div_ceil(width), || None);
    let count = chunks.len();
    for (chunk, rows) in chunks.into_iter().enumerate() {
        let (strips, biases): (Vec<Factors>, Vec<Buffer>) = tiles
            .even_strips(rows, BLOCK)
            .into_par_iter()
            .map(|rows| run_kernel(Gather { of, rows }))
            .unzip();
        if let Some(dbias) = dbias.as_deref_mut() {
            add_up(biases.iter(), dbias);
        }
        dfilter
            .par_chunks_mut((width * inputs * 9).max(1))
            .zip(&mut sums)
            .enumerate()
            .for_each(|(column, (out, sums))| {
                *sums = run_kernel(Add {
                    strips: &strips,
                    column,
                    inputs,
                    before: sums.take(),
                    out: (chunk + 1 == count).then_some(out),
                });
            });
    }
}

/// Both factors of a strip, and its biases.
struct Gather<'a> {
    of: &'a Gradient<'a>,
    rows: Range<usize>,
}

impl Kernel for Gather<'_> {
    type Output = (Factors, Buffer);

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> (Factors, Buffer) {
        let block = self.of.tiles.block(&self.rows);
        let mut factors = Factors::new::<S>(self.of, block.len());
        factors.fill(simd, self.of, &mut self.of.windows(), &block);
        let mut bias = Buffer::zeros(factors.right.columns() * panel::<S>());
        factors.add_bias(&mut bias);
        (factors, bias)
    }
}

/// Adds the strips' products to one panel's sums, and brings them back to the filter's taps if no
/// more are to come.
struct Add<'a, 'b> {
    strips: &'a [Factors],
    column: usize,
    inputs: usize,
    before: Option<Buffer>,
    out: Option<&'b mut [f32]>,
}

impl Kernel for Add<'_, '_> {
    type Output = Option<Buffer>;

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) -> Option<Buffer> {
        let fresh = self.before.is_none();
        let len = 16 * self.inputs * panel::<S>();
        let mut sums = self.before.unwrap_or_else(|| Buffer::stale(len));
        let planes = Planes::left(0, self.inputs);
        for input in 0..planes.columns() {
            let (first, depth) = (input * planes.width(), planes.channels(input));
            let plane = depth * panel::<S>();
            let sums = &mut sums[first * 16 * panel::<S>()..][..16 * plane];
            if fresh {
                sums.fill(0.0);
            }
            for (k, sums) in sums.chunks_exact_mut(plane).enumerate() {
                for strip in self.strips {
                    strip.add(simd, k, [input, self.column], sums);
                }
            }
            if let Some(out) = &mut self.out {
                filter::gradient(simd, sums, self.inputs, first..first + depth, out);
            }
        }
        self.out.is_none().then_some(sums)
    }
}
