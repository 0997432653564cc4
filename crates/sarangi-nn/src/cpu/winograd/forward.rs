//! y from x, and dx from dy.

mod panels;
mod strips;

use super::super::conv2d::Epilogue;
use super::super::norm::Tally;
use super::super::pictures::Pictures;
use super::super::source::Source;
use super::filter::Filter;
use super::finish::Finish;
use super::tiles::Tiles;
use super::window::Window;

/// A convolution whose filter may be that of the way back.
pub(super) struct Forward<'a> {
    pub(super) x: Source<'a>,
    pub(super) input: Pictures,
    pub(super) padding: [usize; 2],
    pub(super) filter: Filter<'a>,
    pub(super) tiles: Tiles,
    pub(super) finish: Finish,
    pub(super) epilogue: Epilogue<'a>,
}

/// Tiles that go through the products together: what they become stays in the second cache.
pub(super) const BLOCK: usize = 56;

impl Forward<'_> {
    pub(super) fn run(&self, y: &mut [f32]) -> Vec<Tally> {
        // The sixteen matrices of the smaller factor are those worth keeping at hand.
        if self.tiles.len() > self.filter.outputs {
            strips::run(self, y)
        } else {
            panels::run(self, y)
        }
    }

    /// The rows of pixels under a row of tiles.
    pub(super) fn window(&self) -> Window<'_> {
        let width = 2 * self.tiles.columns + 2;
        Window::new(self.x, self.input, self.padding, 4, width)
    }
}
