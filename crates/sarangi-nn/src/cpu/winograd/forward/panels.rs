//! Few tiles and a large filter: each panel of the filter is transformed where it is used, for all
//! tiles at once, and never stored.

use std::ops::Range;

use rayon::prelude::*;

use super::super::super::buffer::Buffer;
use super::super::super::norm::Tally;
use super::super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::super::tile::{Start, panel, panel_width};
use super::super::planes::Planes;
use super::super::products::{multiply_one, plane};
use super::super::transform;
use super::{BLOCK, Forward};

/// Tiles whose sixteen matrices are held at once.
const CHUNK: usize = 256;

/// Outputs of one task, whose transformed filter is to stay in a core's second cache: each task
/// reads all inputs from farther away.
const OUTPUTS: usize = 64;

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
        let columns: Vec<_> = (0..of.filter.outputs.div_ceil(panel_width())).collect();
        let products: Vec<_> = columns
            .par_chunks((OUTPUTS / panel_width()).max(1))
            .flat_map_iter(|columns| {
                run_kernel(Multiply {
                    of,
                    inputs: &inputs,
                    columns,
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

/// Some panels' products with all strips.
struct Multiply<'a> {
    of: &'a Forward<'a>,
    inputs: &'a [Input],
    columns: &'a [usize],
}

impl Kernel for Multiply<'_> {
    /// For each panel those of each strip.
    type Output = Vec<Vec<Buffer>>;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Self::Output {
        let filter = self.of.filter;
        let products = |input: &Input| Buffer::stale(16 * plane::<S>(input.planes.tiles));
        let of_column = |_: &usize| self.inputs.iter().map(products).collect();
        let mut products: Vec<Vec<Buffer>> = self.columns.iter().map(of_column).collect();
        let Some(planes) = self.inputs.first().map(|input| input.planes) else {
            return products;
        };
        let matrices = || Buffer::stale(16 * planes.width() * panel::<S>());
        let mut panels: Vec<Buffer> = self.columns.iter().map(|_| matrices()).collect();
        for part in 0..planes.columns() {
            let first = part * planes.width();
            let depth = first..first + planes.channels(part);
            for (&column, matrices) in self.columns.iter().zip(&mut panels) {
                filter.transform(simd, column, depth.clone(), matrices);
            }
            let start = if first == 0 { Start::Zero } else { Start::Out };
            for (strip, input) in self.inputs.iter().enumerate() {
                let left = (input.planes, &input.values[..]);
                let run = [input.planes.run(part)];
                for k in 0..16 {
                    let panels = self.columns.iter().zip(&panels).zip(&mut products);
                    for ((column, matrices), products) in panels {
                        let right = (&matrices[..], filter.outputs - column * panel::<S>());
                        let out = &mut products[strip];
                        multiply_one(simd, k, left, &run, right, start, out);
                    }
                }
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
