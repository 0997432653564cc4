//! A small filter: each part of the batch has sums of its own, which are added in the end.

use std::ops::Range;

use rayon::prelude::*;

use super::super::super::buffer::Buffer;
use super::super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::super::tile::{panel, panel_width};
use super::super::filter;
use super::{Factors, Gradient, add_up};

/// Tiles whose products are added together.
const BLOCK: usize = 112;

/// Parts into which a batch is cut, by its shape only.
const PARTS: usize = 8;

pub(super) fn run(of: &Gradient<'_>, dfilter: &mut [f32], dbias: Option<&mut [f32]>) {
    let (width, inputs) = (panel_width(), of.input.channels);
    let columns = of.tiles.of.channels.div_ceil(width);
    let (sums, biases): (Vec<Buffer>, Vec<Buffer>) = of
        .tiles
        .strips(0..of.tiles.rows(), PARTS, BLOCK)
        .into_par_iter()
        .map(|rows| {
            let mut sums = Buffer::zeros(columns * 16 * inputs * width);
            let mut bias = Buffer::zeros(columns * width);
            run_kernel(Part {
                of,
                rows,
                sums: &mut sums,
                bias: &mut bias,
            });
            (sums, bias)
        })
        .unzip();
    if let Some(dbias) = dbias {
        dbias.fill(0.0);
        add_up(biases.iter(), dbias);
    }
    dfilter
        .par_chunks_mut((width * inputs * 9).max(1))
        .enumerate()
        .for_each(|(column, out)| {
            run_kernel(Collect {
                parts: &sums,
                column,
                inputs,
                out,
            });
        });
}

/// Sums over some rows of tiles.
struct Part<'a, 'b> {
    of: &'a Gradient<'a>,
    rows: Range<usize>,
    sums: &'b mut [f32],
    bias: &'b mut [f32],
}

impl Kernel for Part<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let of = self.of;
        let inputs = of.input.channels;
        let mut factors = Factors::new::<S>(of, BLOCK);
        let mut windows = of.windows();
        for block in of.tiles.blocks(&self.rows, BLOCK) {
            factors.fill(simd, of, &mut windows, &block);
            factors.add_bias(self.bias);
            for k in 0..16 {
                for output in 0..factors.right.columns() {
                    for input in 0..factors.left.columns() {
                        let first = (output * 16 + k) * inputs + input * factors.left.width();
                        let sums = &mut self.sums[first * panel::<S>()..];
                        factors.add(simd, k, [input, output], sums);
                    }
                }
            }
        }
    }
}

/// Adds one panel of the parts' sums in order and brings it back to the filter's taps.
struct Collect<'a, 'b> {
    parts: &'a [Buffer],
    column: usize,
    inputs: usize,
    out: &'b mut [f32],
}

impl Kernel for Collect<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let len = 16 * self.inputs * panel::<S>();
        let mut sums = Buffer::zeros(len);
        for part in self.parts {
            let part = &part[self.column * len..][..len];
            sums.iter_mut().zip(part).for_each(|(a, b)| *a += b);
        }
        let plane = self.inputs * panel::<S>();
        filter::gradient(simd, (&sums, plane), self.inputs, self.out);
    }
}
