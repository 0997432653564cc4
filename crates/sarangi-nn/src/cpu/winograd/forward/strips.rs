//! Many tiles: strip after strip from beginning to end, each with all its memory to itself.

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

/// Strips into which a batch is cut, by its shape only.
const STRIPS: usize = 32;

pub(super) fn run(of: &Forward<'_>, y: &mut [f32]) -> Vec<Tally> {
    let panels = of.filter.transformed(panel_width());
    let strips = of.tiles.strips(0..of.tiles.rows(), STRIPS, BLOCK);
    let cut = of.tiles.cut(&strips, y);
    let strips = strips.into_par_iter().zip(cut);
    let tallies = strips.filter_map(|(rows, y)| {
        run_kernel(Strip {
            of,
            panels: &panels,
            rows,
            y: &mut *y,
        });
        of.epilogue.tally(y, of.tiles.of.channels)
    });
    tallies.collect()
}

struct Strip<'a, 'b> {
    of: &'a Forward<'a>,
    panels: &'a [f32],
    rows: Range<usize>,
    y: &'b mut [f32],
}

impl Kernel for Strip<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Forward {
            filter,
            tiles,
            finish,
            ..
        } = self.of;
        let mut x = Buffer::stale(Planes::left(BLOCK, filter.depth).len());
        let mut products = Buffer::stale(16 * plane::<S>(BLOCK));
        let mut window = self.of.window();
        let panel_len = (16 * filter.depth * panel::<S>()).max(1);
        for block in tiles.blocks(&self.rows, BLOCK) {
            let planes = Planes::left(block.len(), filter.depth);
            let place = (tiles, &block);
            planes.fill(simd, transform::input, &mut window, place, &mut x);
            let runs = planes.runs();
            for (column, matrices) in self.panels.chunks_exact(panel_len).enumerate() {
                let outputs = filter.outputs - column * panel::<S>();
                finish.expect(simd, tiles, (&block, column), self.rows.start, self.y);
                let right = (matrices, outputs);
                multiply(simd, (planes, &x), &runs, right, Start::Zero, &mut products);
                let first = self.rows.start;
                finish.write(simd, tiles, (&block, column), &products, first, self.y);
            }
        }
    }
}
