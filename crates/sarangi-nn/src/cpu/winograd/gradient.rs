//! The gradient of the filter.

mod panels;
mod strips;

use std::ops::Range;

use super::super::buffer::Buffer;
use super::super::pictures::Pictures;
use super::super::simd::Lanes;
use super::super::source::Source;
use super::super::tile::{Outer, panel};
use super::planes::Planes;
use super::products::whole_vectors;
use super::tiles::Tiles;
use super::transform;
use super::window::Window;

/// The convolution whose filter's gradient is computed.
pub(super) struct Gradient<'a> {
    pub(super) x: Source<'a>,
    pub(super) input: Pictures,
    pub(super) padding: [usize; 2],
    pub(super) dy: Source<'a>,
    pub(super) tiles: Tiles,
}

/// Values of the sixteen matrices that are worth a copy for each part of a batch.
const COPIED: usize = 1 << 18;

impl Gradient<'_> {
    pub(super) fn run(&self, dfilter: &mut [f32], dbias: Option<&mut [f32]>) {
        let (inputs, outputs) = (self.input.channels, self.tiles.of.channels);
        if self.tiles.len() > outputs && 16 * inputs * outputs <= COPIED {
            strips::run(self, dfilter, dbias);
        } else {
            panels::run(self, dfilter, dbias);
        }
    }

    /// The rows of pixels under a row of tiles, of the inputs and of the gradient.
    fn windows(&self) -> (Window<'_>, Window<'_>) {
        let width = 2 * self.tiles.columns;
        (
            Window::new(self.x, self.input, self.padding, 4, width + 2),
            Window::new(self.dy, self.tiles.of, [0, 0], 2, width),
        )
    }
}

/// Both factors of a block of tiles.
struct Factors {
    left: Planes,
    x: Buffer,
    right: Planes,
    dy: Buffer,
}

impl Factors {
    /// Room for blocks of up to `tiles` tiles.
    #[inline(always)]
    fn new<S: Lanes>(of: &Gradient<'_>, tiles: usize) -> Self {
        let left = Planes::left(tiles, of.input.channels);
        let right = Planes::right(tiles, of.tiles.of.channels, panel::<S>());
        Self {
            x: Buffer::stale(left.len()),
            dy: Buffer::stale(right.len()),
            left,
            right,
        }
    }

    #[inline(always)]
    fn fill<S: Lanes>(
        &mut self,
        simd: S,
        of: &Gradient<'_>,
        (x, dy): &mut (Window<'_>, Window<'_>),
        block: &Range<usize>,
    ) {
        let place = (&of.tiles, block);
        self.left.tiles = block.len();
        self.left
            .fill(simd, transform::input, x, place, &mut self.x);
        self.right.tiles = block.len();
        self.right
            .fill(simd, transform::output_gradient, dy, place, &mut self.dy);
    }

    /// Adds to the terms of one column of inputs by one panel of outputs of matrix `k`.
    #[inline(always)]
    fn add<S: Lanes>(&self, simd: S, k: usize, [input, output]: [usize; 2], out: &mut [f32]) {
        let (left, right) = (&self.left, &self.right);
        let outer = Outer {
            x: &self.x[k * left.plane() + input * left.column()..],
            x_row: 0,
            x_step: left.width(),
            d: &self.dy[k * right.plane() + output * right.column()..],
            d_row: 0,
            d_step: right.width(),
            height: 1,
            width: left.tiles,
            out_step: panel::<S>(),
            columns: whole_vectors::<S>(right.channels(output)),
        };
        outer.run(simd, left.channels(input), out);
    }

    /// Adds the gradients' sums over all pixels: the matrix in row 1 and column 1 holds the sum of
    /// each tile.
    #[inline(always)]
    fn add_bias(&self, bias: &mut [f32]) {
        let planes = &self.right;
        let sums = &self.dy[5 * planes.plane()..][..planes.columns() * planes.column()];
        for (column, bias) in sums
            .chunks_exact(planes.column())
            .zip(bias.chunks_exact_mut(planes.width()))
        {
            for row in column.chunks_exact(planes.width()) {
                bias.iter_mut().zip(row).for_each(|(a, b)| *a += b);
            }
        }
    }
}

/// Adds the parts' biases in order.
fn add_up<'a>(parts: impl Iterator<Item = &'a Buffer>, dbias: &mut [f32]) {
    for part in parts {
        dbias.iter_mut().zip(&part[..]).for_each(|(a, b)| *a += b);
    }
}
