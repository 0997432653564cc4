//! Few tiles and a large filter: each panel of the filter is transformed where it is used, for all
//! tiles at once, and never stored.

use std::ops::Range;

use rayon::prelude::*;

use super::super::super::buffer::Buffer;
use super::super::super::norm::Tally;
use super::super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::super::tile::{Start, panel, panel_width};
use super::super::planes::Planes;
use super::super::products::{multiply, plane};
use super::super::transform;
use super::{BLOCK, Forward};

/// Tiles whose sixteen matrices are held at once.
const CHUNK: usize = 256;

pub(super) fn run(of: &Forward<'_>, y: &mut [f32]) -> Vec<Tally> {
    let mut tallies = Vec::new();
    let tiles = &of.tiles;
    let chunks = tiles.strips(0..tiles.rows(), tiles.len().div_ceil(CHUNK), 1);
    let cut = tiles.cut(&chunks, y);
    for (rows, y) in chunks.into_iter().zip(cut) {
        let strips = tiles.even_strips(rows, BLOCK);
        let cut = tiles.cut(&strips, y);
        let inputs: Vec<_> = strips
            .into_par_iter()
            .map(|rows| run_kernel(Gather { of, rows }))
            .collect();
        let products: Vec<_> = (0..of.filter.outputs.div_ceil(panel_width()))
            .into_par_iter()
            .map(|column| {
                run_kernel(Multiply {
                    of,
                    inputs: &inputs,
                    column,
                })
            })
            .collect();
        let written = inputs.par_iter().zip(cut).enumerate();
        tallies.par_extend(written.filter_map(|(at, (input, y))| {
            run_kernel(Write {
                of,
                input,
                products: products.iter().map(|products| &products[at][..]).collect(),
                y: &mut *y,
            });
            of.epilogue.tally(y, tiles.of.channels)
        }));
    }
    tallies
}

/// The sixteen matrices of a strip's inputs.
struct Input {
    rows: Range<usize>,
    planes: Planes,
    values: Buffer,
}

struct Gather<'a> {
    of: &'a Forward<'a>,
    rows: Range<usize>,
}

impl Kernel for Gather<'_> {
    type Output = Input;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Input {
        let (of, rows) = (self.of, self.rows);
        let block = of.tiles.block(&rows);
        let planes = Planes::left(block.len(), of.filter.depth);
        let mut values = Buffer::stale(planes.len());
        let place = (&of.tiles, &block);
        let mut window = of.window();
        planes.fill(simd, transform::input, &mut window, place, &mut values);
        Input {
            rows,
            planes,
            values,
        }
    }
}

/// One panel's products with all strips.
struct Multiply<'a> {
    of: &'a Forward<'a>,
    inputs: &'a [Input],
    column: usize,
}

impl Kernel for Multiply<'_> {
    type Output = Vec<Buffer>;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Vec<Buffer> {
        let filter = self.of.filter;
        let products = |input: &Input| Buffer::stale(16 * plane::<S>(input.planes.tiles));
        let mut products: Vec<Buffer> = self.inputs.iter().map(products).collect();
        let runs: Vec<_> = self
            .inputs
            .iter()
            .map(|input| input.planes.runs())
            .collect();
        let Some(planes) = self.inputs.first().map(|input| input.planes) else {
            return products;
        };
        let outputs = filter.outputs - self.column * panel::<S>();
        let mut matrices = Buffer::stale(16 * planes.width() * panel::<S>());
        for column in 0..planes.columns() {
            let first = column * planes.width();
            let depth = first..first + planes.channels(column);
            filter.transform(simd, self.column, depth, &mut matrices);
            let start = if first == 0 { Start::Zero } else { Start::Out };
            for ((input, runs), out) in self.inputs.iter().zip(&runs).zip(&mut products) {
                let left = (input.planes, &input.values[..]);
                let runs = &runs[column..=column];
                multiply(simd, left, runs, (&matrices, outputs), start, out);
            }
        }
        products
    }
}

/// The outputs of a strip.
struct Write<'a, 'b> {
    of: &'a Forward<'a>,
    input: &'a Input,
    products: Vec<&'a [f32]>,
    y: &'b mut [f32],
}

impl Kernel for Write<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Forward { tiles, finish, .. } = self.of;
        let rows = &self.input.rows;
        let block = tiles.block(rows);
        for (column, products) in self.products.iter().enumerate() {
            finish.write(simd, tiles, (&block, column), products, rows.start, self.y);
        }
    }
}
