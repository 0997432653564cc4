//! A large filter: one copy of its sums, each matrix of which is one task's.

use std::ops::Range;

use rayon::prelude::*;

use super::super::super::buffer::Buffer;
use super::super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::super::tile::{panel, panel_width};
use super::super::filter;
use super::{Factors, Gradient, add_up};

/// Values of both factors that are held at once.
const HELD: usize = 1 << 22;

/// Values of the sums of some panels' sixteen matrices, if those of all are not needed.
const SUMS: usize = 1 << 20;

/// Tiles whose factors are one task's.
const BLOCK: usize = 112;

pub(super) fn run(of: &Gradient<'_>, dfilter: &mut [f32], mut dbias: Option<&mut [f32]>) {
    let (tiles, inputs, width) = (&of.tiles, of.input.channels, panel_width());
    let held = 16 * tiles.len() * (inputs + tiles.of.channels);
    let chunks = tiles.strips(0..tiles.rows(), held.div_ceil(HELD), 1);
    if let Some(dbias) = dbias.as_deref_mut() {
        dbias.fill(0.0);
    }
    if chunks.is_empty() || inputs == 0 {
        dfilter.fill(0.0);
        return;
    }
    let (column, columns) = (inputs * width, tiles.of.channels.div_ceil(width));
    // Sums of all panels at once only where they must wait for the next chunk.
    let group = match chunks.len() {
        1 => (SUMS / (16 * column)).max(1).min(columns),
        _ => columns,
    };
    // A little between the matrices, lest all sixteen compete for the same lines of the cache.
    let plane = group * column + 16;
    let mut sums = Buffer::stale(16 * plane);
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
        for first in (0..columns).step_by(group.max(1)) {
            let here = group.min(columns - first);
            // A matrix's factors and sums stay in a core's second cache.
            let planes = sums.par_chunks_mut(plane).enumerate();
            planes.for_each(|(k, sums)| {
                let sums = &mut sums[..here * column];
                if chunk == 0 {
                    sums.fill(0.0);
                }
                run_kernel(Add {
                    strips: &strips,
                    k,
                    inputs,
                    first,
                    sums,
                });
            });
            if chunk + 1 < count {
                continue;
            }
            let out = &mut dfilter[first * column * 9..];
            let panels = out.par_chunks_mut(column * 9).take(here).enumerate();
            panels.for_each(|(at, out)| {
                run_kernel(Finish {
                    sums: &sums[at * column..],
                    plane,
                    inputs,
                    out,
                });
            });
        }
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

/// Adds the strips' products to one matrix's sums, a panel of outputs after another.
struct Add<'a, 'b> {
    strips: &'a [Factors],
    k: usize,
    inputs: usize,
    /// The first of the panels.
    first: usize,
    sums: &'b mut [f32],
}

impl Kernel for Add<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let panels = self.sums.chunks_exact_mut(self.inputs * panel::<S>());
        for (output, sums) in (self.first..).zip(panels) {
            for strip in self.strips {
                for input in 0..strip.left.columns() {
                    let sums = &mut sums[input * strip.left.width() * panel::<S>()..];
                    strip.add(simd, self.k, [input, output], sums);
                }
            }
        }
    }
}

/// Brings one panel's sums back to the filter's taps.
struct Finish<'a, 'b> {
    sums: &'a [f32],
    plane: usize,
    inputs: usize,
    out: &'b mut [f32],
}

impl Kernel for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        filter::gradient(simd, (self.sums, self.plane), self.inputs, self.out);
    }
}
