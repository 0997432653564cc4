//! The rows of pixels that one row of tiles reads.

use super::super::buffer::Buffer;
use super::super::pictures::Pictures;
use super::super::simd::Lanes;
use super::super::source::Source;

/// A window on a source as high as a tile: padded rows, each read once as the window moves down.
pub(super) struct Window<'a> {
    source: Source<'a>,
    of: Pictures,
    /// Zeros above and to the left.
    padding: [usize; 2],
    /// Rows that are held at once; row r lies in slot r % height.
    height: usize,
    /// Pixels of a padded row.
    width: usize,
    rows: Buffer,
    /// The picture and the first row that are held.
    at: Option<(usize, usize)>,
}

impl<'a> Window<'a> {
    pub(super) fn new(
        source: Source<'a>,
        of: Pictures,
        padding: [usize; 2],
        height: usize,
        width: usize,
    ) -> Self {
        let rows = Buffer::stale(height * width * of.channels);
        Self {
            source,
            of,
            padding,
            height,
            width,
            rows,
            at: None,
        }
    }

    /// Values of a padded row.
    pub(super) fn row(&self) -> usize {
        self.width * self.of.channels
    }

    /// The slots' values.
    pub(super) fn values(&self) -> &[f32] {
        &self.rows
    }

    /// Where padded row `y` begins, if the window holds it.
    pub(super) fn offset(&self, y: usize) -> usize {
        y % self.height * self.row()
    }

    /// Moves to the padded rows `first..first + height` of a picture.
    #[inline(always)]
    pub(super) fn move_to<S: Lanes>(&mut self, simd: S, image: usize, first: usize) {
        let held = match self.at {
            Some((of, row)) if of == image => row..row + self.height,
            _ => 0..0,
        };
        for row in (first..first + self.height).filter(|row| !held.contains(row)) {
            self.read(simd, image, row);
        }
        self.at = Some((image, first));
    }

    #[inline(always)]
    fn read<S: Lanes>(&mut self, simd: S, image: usize, row: usize) {
        let (at, len, channels) = (self.offset(row), self.row(), self.of.channels);
        let slot = &mut self.rows[at..at + len];
        let Some(y) = row
            .checked_sub(self.padding[0])
            .filter(|&y| y < self.of.height)
        else {
            slot.fill(0.0);
            return;
        };
        let left = self.padding[1].min(self.width);
        let inside = self.of.width.min(self.width - left);
        let (before, rest) = slot.split_at_mut(left * channels);
        let (pixels, after) = rest.split_at_mut(inside * channels);
        before.fill(0.0);
        after.fill(0.0);
        let first = (image * self.of.height + y) * self.of.width;
        self.source.read(simd, self.of, first, pixels);
    }
}
