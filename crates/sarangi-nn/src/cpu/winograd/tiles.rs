//! Where the tiles of 2 × 2 outputs lie.

use std::ops::Range;

use super::super::pictures::Pictures;
use super::super::tile::even_parts;

/// The tiles that cover a batch of pictures, counted row by row through the whole batch, so that a
/// run of rows of tiles is a run of rows of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    /// The pictures that the tiles cover.
    pub(super) of: Pictures,
    /// Rows of tiles in a picture.
    rows: usize,
    /// Tiles in a row.
    pub(super) columns: usize,
}

/// Neighbouring tiles of one row.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) image: usize,
    /// The first row of pixels.
    pub(super) y: usize,
    pub(super) columns: Range<usize>,
    /// The first tile's place in its block.
    pub(super) first: usize,
}

impl Tiles {
    pub(super) fn new(of: Pictures) -> Self {
        let (rows, columns) = (of.height.div_ceil(2), of.width.div_ceil(2));
        let empty = rows * columns == 0;
        Self {
            of,
            rows: if empty { 0 } else { rows },
            columns: if empty { 0 } else { columns },
        }
    }

    /// Rows of tiles in the whole batch.
    pub(super) fn rows(&self) -> usize {
        self.of.batch * self.rows
    }

    /// Tiles of the whole batch.
    pub(super) fn len(&self) -> usize {
        self.rows() * self.columns
    }

    /// Cuts rows of tiles into nearly equal strips, as many as asked for unless one would have
    /// fewer than `least` tiles.
    pub(super) fn strips(
        &self,
        rows: Range<usize>,
        parts: usize,
        least: usize,
    ) -> Vec<Range<usize>> {
        let tall = least.div_ceil(self.columns.max(1)).max(1);
        let parts = parts.min(rows.len() / tall).max(1);
        let mut end = rows.start;
        even_parts(rows.len(), rows.len().div_ceil(parts).max(1))
            .map(|rows| {
                end += rows;
                end - rows..end
            })
            .collect()
    }

    /// Cuts rows of tiles into strips of at most about `most` tiles; if they are several, an even
    /// number of them, since there is hardly a machine with an odd number of processors.
    pub(super) fn even_strips(&self, rows: Range<usize>, most: usize) -> Vec<Range<usize>> {
        let parts = self.block(&rows).len().div_ceil(most);
        let parts = if parts > 1 {
            parts.next_multiple_of(2)
        } else {
            parts
        };
        self.strips(rows, parts, 1)
    }

    /// The tiles of some rows.
    pub(super) fn block(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.columns..rows.end * self.columns
    }

    /// Cuts rows of tiles into blocks of nearly equal numbers of tiles, at most `most`.
    pub(super) fn blocks(
        &self,
        rows: &Range<usize>,
        most: usize,
    ) -> impl Iterator<Item = Range<usize>> {
        let mut end = rows.start * self.columns;
        even_parts(rows.len() * self.columns, most).map(move |tiles| {
            end += tiles;
            end - tiles..end
        })
    }

    /// The rows of tiles that a block of tiles consists of.
    pub(super) fn segments(&self, block: &Range<usize>) -> impl Iterator<Item = Segment> {
        let (start, end, tiles) = (block.start, block.end, *self);
        let mut tile = start;
        std::iter::from_fn(move || {
            if tile >= end {
                return None;
            }
            let (row, column) = (tile / tiles.columns, tile % tiles.columns);
            let last = tiles.columns.min(column + end - tile);
            let segment = Segment {
                image: row / tiles.rows,
                y: 2 * (row % tiles.rows),
                columns: column..last,
                first: tile - start,
            };
            tile += last - column;
            Some(segment)
        })
    }

    /// The place of the first value of a row of tiles in the pictures.
    pub(super) fn offset(&self, row: usize) -> usize {
        match row.checked_div(self.rows) {
            Some(image) => image * self.of.image() + 2 * (row % self.rows) * self.of.row(),
            None => 0,
        }
    }

    /// Cuts the pictures' values into what the strips cover.
    pub(super) fn cut<'a>(
        &self,
        strips: &[Range<usize>],
        mut values: &'a mut [f32],
    ) -> Vec<&'a mut [f32]> {
        let cut = |strip: &Range<usize>| {
            let len = self.offset(strip.end) - self.offset(strip.start);
            let (part, rest) = std::mem::take(&mut values).split_at_mut(len);
            values = rest;
            part
        };
        strips.iter().map(cut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_blocks_and_segments_cover_every_tile_once() {
        for (batch, height, width) in [(1, 1, 1), (3, 7, 5), (2, 4, 9), (1, 0, 3), (5, 2, 2)] {
            let tiles = Tiles::new(Pictures {
                batch,
                height,
                width,
                channels: 3,
            });
            let mut values = vec![0.0; tiles.of.len()];
            let strips = tiles.strips(0..tiles.rows(), 4, 3);
            let cut = tiles.cut(&strips, &mut values);
            let lens: Vec<usize> = cut.iter().map(|part| part.len()).collect();
            assert_eq!(lens.iter().sum::<usize>(), tiles.of.len());
            let mut seen = 0;
            for strip in &strips {
                for block in tiles.blocks(strip, 4) {
                    let mut first = 0;
                    for segment in tiles.segments(&block) {
                        let row = segment.image * tiles.rows + segment.y / 2;
                        assert!(strip.contains(&row));
                        assert_eq!(row * tiles.columns + segment.columns.start, seen);
                        assert_eq!(segment.first, first);
                        first += segment.columns.len();
                        seen += segment.columns.len();
                    }
                    assert_eq!(first, block.len());
                }
            }
            assert_eq!(seen, tiles.len());
        }
    }
}
