//! The part of the source that a task reads.

use super::super::buffer::Buffer;
use super::super::pictures::Pictures;
use super::super::simd::Lanes;
use super::super::source::Source;
use super::super::tile::Run;
use super::axis::{Axis, Span};

/// Rows and columns of pixels, some of which may lie outside the picture, where it is zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patch {
    pub(super) rows: Span,
    pub(super) columns: Span,
}

impl Patch {
    /// The smallest patch that holds both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows.and(other.rows),
            columns: self.columns.and(other.columns),
        }
    }

    fn pixels(&self) -> usize {
        self.rows.count * self.columns.count
    }

    fn lies_in(&self, of: Pictures) -> bool {
        self.rows.inside(of.height).len() == self.rows.count
            && self.columns.inside(of.width).len() == self.columns.count
    }

    /// Copies the patch of picture `image` to `out`, in which pixels begin `pixel` values apart.
    #[inline(always)]
    fn copy<S: Lanes>(
        &self,
        simd: S,
        source: Source<'_>,
        of: Pictures,
        image: usize,
        pixel: usize,
        out: &mut [f32],
    ) {
        let (rows, columns) = (self.rows.inside(of.height), self.columns.inside(of.width));
        let row = (self.columns.count * pixel).max(1);
        for (i, out) in out.chunks_exact_mut(row).enumerate() {
            if !rows.contains(&i) || columns.is_empty() {
                out.fill(0.0);
                continue;
            }
            let (out, right) = out.split_at_mut(columns.end * pixel);
            let (left, out) = out.split_at_mut(columns.start * pixel);
            left.fill(0.0);
            right.fill(0.0);
            let y = self.rows.start + (i * self.rows.every) as isize;
            let x = self.columns.start + (columns.start * self.columns.every) as isize;
            let first = (image * of.height + y as usize) * of.width + x.max(0) as usize;
            if pixel == of.channels && self.columns.every == 1 {
                source.read(simd, of, first, out);
            } else {
                for (j, out) in out.chunks_exact_mut(pixel).enumerate() {
                    let pixel = first + j * self.columns.every;
                    source.read(simd, of, pixel, &mut out[..of.channels]);
                }
            }
        }
    }
}

/// Whether values so far apart share so few of a cache's sets that a tile's rows evict each other.
fn collide(distance: usize) -> bool {
    distance.is_multiple_of(512)
}

/// A patch in memory. What result (y, x) of picture n meets under the first tap begins at
/// `n · image + y · down + x · across`, counted from the first result's.
#[derive(Debug)]
pub(super) struct View<'a> {
    values: Values<'a>,
    pub(super) image: usize,
    pub(super) down: usize,
    pub(super) across: usize,
    /// Values from one of the patch's rows and pixels to the next.
    pub(super) row: usize,
    pub(super) pixel: usize,
}

#[derive(Debug)]
enum Values<'a> {
    Stored(&'a [f32]),
    Copied(Buffer),
}

impl<'a> View<'a> {
    /// The patch of pictures `first..first + images`, for results `steps` positions apart: where
    /// it lies, if it can be read there, else a copy.
    #[inline(always)]
    pub(super) fn new<S: Lanes>(
        simd: S,
        source: &Source<'a>,
        of: Pictures,
        patch: Patch,
        steps: [usize; 2],
        (first, images): (usize, usize),
    ) -> Self {
        if let Source::Stored(x) = *source
            && patch.lies_in(of)
            && !collide(steps[1] * of.channels)
        {
            let (top, left) = (patch.rows.start as usize, patch.columns.start as usize);
            let corner = (first * of.height + top) * of.width + left;
            return Self {
                values: Values::Stored(&x[corner * of.channels..]),
                image: of.image(),
                down: steps[0] * of.row(),
                across: steps[1] * of.channels,
                row: of.row(),
                pixel: of.channels,
            };
        }
        let [down, across] = [steps[0] / patch.rows.every, steps[1] / patch.columns.every];
        let gap = if collide(across * of.channels) { 16 } else { 0 };
        let pixel = of.channels + gap;
        let image = patch.pixels() * pixel;
        let mut copy = Buffer::stale(images * image);
        for (i, copy) in copy.chunks_exact_mut(image.max(1)).enumerate() {
            patch.copy(simd, *source, of, first + i, pixel, copy);
        }
        let row = patch.columns.count * pixel;
        Self {
            values: Values::Copied(copy),
            image,
            down: down * row,
            across: across * pixel,
            row,
            pixel,
        }
    }

    #[inline(always)]
    pub(super) fn values(&self) -> &[f32] {
        match &self.values {
            Values::Stored(values) => values,
            Values::Copied(values) => values,
        }
    }

    /// Where the values under the taps lie, counted from the first tap's: `channels` of each pixel,
    /// neighbours in a row joined. Each row of taps has the same number of runs.
    pub(super) fn runs(&self, rows: &Axis, columns: &Axis, channels: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for y in &rows.taps {
            let down = (y.offset - rows.taps[0].offset) as usize * self.row;
            let first = runs.len();
            for x in &columns.taps {
                let across = (x.offset - columns.taps[0].offset) as usize * self.pixel;
                let offset = down + across;
                match runs[first..].last_mut() {
                    Some(last) if last.offset + last.len == offset => last.len += channels,
                    _ => runs.push(Run {
                        offset,
                        len: channels,
                    }),
                }
            }
        }
        runs
    }

    /// Whether lines of `count` results are one long line as far as what they meet is concerned.
    pub(super) fn joins(&self, count: usize) -> bool {
        count * self.across == self.down
    }
}
