//! The walk that makes a picture of weighted sums over the pixels of another.

use std::ops::Range;

use rayon::prelude::*;

use super::super::conv2d::Epilogue;
use super::super::norm::Tally;
use super::super::pictures::Pictures;
use super::super::simd::{self, Kernel, Lanes};
use super::super::source::Source;
use super::super::tile::{Jump, Product, Start};
use super::panels::{Panel, Panels};
use super::patch::{Patch, View};
use super::phase::Phase;
use super::section::{Section, sections};

/// A walk over `source` whose results make up all of a batch of pictures.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    pub(super) source: Source<'a>,
    pub(super) from: Pictures,
    pub(super) to: Pictures,
    pub(super) panels: Panels,
    /// Panels whose rows are in the order of the phases' taps.
    pub(super) weights: &'a [f32],
    /// Together they write every result once; all have the same `every`.
    pub(super) phases: &'a [Phase],
    /// The epilogue's, a row per panel.
    pub(super) bias: Option<&'a [f32]>,
    pub(super) epilogue: Epilogue<'a>,
}

/// Values that a task reads and writes, roughly: they should stay in a core's second cache.
const TASK: usize = 96 << 10;

/// The same where the weights do not fit that cache: each task reads all of them once more, so
/// fewer tasks are better even if their pixels come from farther away.
const HEAVY_TASK: usize = 320 << 10;

/// Weights that do not fit.
const HEAVY: usize = 192 << 10;

/// Tasks there should be, and pixels that each should have even if there are fewer tasks then.
const TASKS: usize = 4;
const PIXELS: usize = 28;

impl Gather<'_> {
    /// Lines of all phases that a task takes; whole pictures if more than one has.
    fn lines(&self, every: usize) -> usize {
        let row = self.from.row() + self.to.row() * every;
        let task = if self.weights.len() > HEAVY {
            HEAVY_TASK
        } else {
            TASK
        };
        let lines = self.to.batch * self.to.height.div_ceil(every);
        let least = PIXELS.div_ceil(self.to.width.max(1));
        let most = (task / row.max(1)).min(lines / TASKS).max(least).max(1);
        // Tasks of one size: a small last one would read all weights for little.
        lines.div_ceil(lines.div_ceil(most).max(1))
    }

    /// Writes all of `y`; the tallies of its parts, if they are wanted.
    pub(super) fn run(&self, y: &mut [f32]) -> Vec<Tally> {
        let Some(every) = self.phases.first().map(|phase| phase.rows.every) else {
            return Vec::new();
        };
        let units = self.to.height.div_ceil(every);
        let lines = self.lines(every);
        let (group, band) = (lines / units.max(1), lines.min(units).max(1));
        let group = group.max(1);
        y.par_chunks_mut((self.to.image() * group).max(1))
            .enumerate()
            .flat_map(|(i, y)| {
                let whole = if band < units {
                    band * every * self.to.row()
                } else {
                    y.len()
                };
                y.par_chunks_mut(whole.max(1))
                    .enumerate()
                    .map(move |(j, y)| (i, j, y))
            })
            .filter_map(|(i, j, y)| {
                simd::run(Task {
                    walk: self,
                    image: i * group,
                    lines: j * band..((j + 1) * band).min(units),
                    y: &mut *y,
                });
                self.epilogue.tally(y, self.to.channels)
            })
            .collect()
    }
}

/// Some lines of one picture, or some whole pictures.
struct Task<'a, 'b> {
    walk: &'a Gather<'a>,
    image: usize,
    lines: Range<usize>,
    y: &'b mut [f32],
}

impl Kernel for Task<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let walk = self.walk;
        let Some(any) = walk.phases.first() else {
            return;
        };
        let first_row = self.lines.start * any.rows.every;
        let height = walk.to.height.min(self.lines.end * any.rows.every) - first_row;
        let images = self.y.len() / (height * walk.to.row()).max(1);
        let patches = walk
            .phases
            .iter()
            .map(|phase| phase.patch(self.lines.clone()));
        let patch = patches.fold(Patch::default(), Patch::and);
        let steps = [any.rows.step, any.columns.step];
        let images_read = (self.image, images);
        let view = View::new(simd, &walk.source, walk.from, patch, steps, images_read);
        for phase in walk.phases {
            let lines = self.lines.start..self.lines.end.min(phase.rows.count);
            if lines.is_empty() {
                continue; // The patch was made without it.
            }
            let sweep = Sweep::new(
                walk,
                phase,
                &view,
                patch,
                lines,
                images,
                [first_row, height],
            );
            for panel in 0..walk.panels.count() {
                sweep.panel(simd, panel, self.y);
            }
        }
    }
}

/// One phase of a task.
struct Sweep<'a> {
    walk: &'a Gather<'a>,
    phase: &'a Phase,
    view: &'a View<'a>,
    lines: Range<usize>,
    images: usize,
    /// The first row of the task's results in their picture, and how many there are.
    first_row: usize,
    height: usize,
    /// Input channels of a group.
    group: usize,
    /// Where what the first result meets under the first tap begins.
    corner: usize,
    sections: Vec<Section>,
    /// All lines of a picture are one.
    joined: bool,
}

/// One line of results.
struct Line {
    /// The rows of taps that it meets.
    taps: Range<usize>,
    /// Where what its first result meets under the first tap, and that result, begin.
    x: usize,
    y: usize,
}

impl<'a> Sweep<'a> {
    fn new(
        walk: &'a Gather<'a>,
        phase: &'a Phase,
        view: &'a View<'a>,
        patch: Patch,
        lines: Range<usize>,
        images: usize,
        [first_row, height]: [usize; 2],
    ) -> Self {
        let (rows, columns) = (&phase.rows, &phase.columns);
        let group = walk.from.channels / walk.panels.groups();
        // Other phases may have widened the patch.
        let corner = match (rows.taps.first(), columns.taps.first()) {
            (Some(y), Some(x)) => {
                let top = (lines.start * rows.step) as isize + y.offset - patch.rows.start;
                let left = x.offset - patch.columns.start;
                top as usize * view.row + left as usize * view.pixel
            }
            _ => 0,
        };
        Self {
            walk,
            phase,
            view,
            lines,
            images,
            first_row,
            height,
            group,
            corner,
            sections: sections(&view.runs(rows, columns, group), rows.taps.len()),
            joined: rows.every == 1 && columns.every == 1 && view.joins(columns.count),
        }
    }

    /// Lines, and results of each.
    fn size(&self) -> (usize, usize) {
        let (lines, pixels) = (self.lines.len(), self.phase.columns.count);
        match self.joined {
            true => (self.images * lines.min(1), lines * pixels),
            false => (self.images * lines, pixels),
        }
    }

    /// Line `l` of all. The pictures' lines at one height follow each other, since lines that meet
    /// the same taps can share a tile.
    fn line(&self, l: usize) -> Line {
        let (t, image) = (l / self.images, l % self.images);
        let (rows, columns, to) = (&self.phase.rows, &self.phase.columns, self.walk.to);
        // Rows of padding are left out: they add nothing. Joined lines have none.
        let taps = match self.joined {
            true => 0..rows.taps.len(),
            false => rows.taps_inside(self.lines.start + t, self.walk.from.height),
        };
        let row = (self.lines.start + t) * rows.every + rows.first - self.first_row;
        let pixel = (image * self.height + row) * to.width + columns.first;
        Line {
            taps,
            x: image * self.view.image + t * self.view.down + self.corner,
            y: pixel * to.channels,
        }
    }

    /// Computes panel `index` of all results.
    #[inline(always)]
    fn panel<S: Lanes>(&self, simd: S, index: usize, y: &mut [f32]) {
        let (walk, width) = (self.walk, self.walk.panels.width);
        let size = walk.weights.len() / walk.panels.count();
        let weights = &walk.weights[index * size..][..size];
        let weights = &weights[self.phase.first * self.group * width..];
        let panel = walk.panels.get(index);
        let start = match walk.bias {
            Some(bias) => Start::Row(&bias[index * width..][..width]),
            None => Start::Zero,
        };
        for section in &self.sections {
            self.section(simd, section, panel, weights, start, y);
        }
    }

    /// Adds what one section's taps say to one panel of all results, which begin with `start`.
    #[inline(always)]
    fn section<S: Lanes>(
        &self,
        simd: S,
        section: &Section,
        panel: Panel,
        weights: &[f32],
        start: Start<'_>,
        y: &mut [f32],
    ) {
        let (walk, columns) = (self.walk, &self.phase.columns);
        let (lines, pixels) = self.size();
        let pairs = Product::pairs::<S>(pixels) && panel.columns > S::F32_LANES;
        let out_step = columns.every * walk.to.channels;
        let mut l = 0;
        while l < lines {
            let this = self.line(l);
            let next = (pairs && l + 1 < lines)
                .then(|| self.line(l + 1))
                .filter(|next| next.taps == this.taps && next.y > this.y);
            l += if next.is_some() { 2 } else { 1 };
            let Some(part) = section.part(&this.taps) else {
                continue;
            };
            let y = &mut y[this.y + panel.first..];
            // Without taps nothing is read.
            let nothing = part.runs.is_empty();
            let product = Product {
                x: match nothing {
                    true => &[],
                    false => &self.view.values()[this.x + panel.group * self.group..],
                },
                x_step: if nothing { 0 } else { self.view.across },
                runs: part.runs,
                w: &weights[part.row * walk.panels.width..],
                out_step,
                columns: panel.columns,
                start: if part.first { start } else { Start::Out },
            };
            match next {
                Some(next) => {
                    let jump = Jump {
                        x: if nothing { 0 } else { next.x - this.x },
                        out: next.y - this.y,
                    };
                    product.run_pair(simd, pixels, jump, y);
                }
                None => product.run(simd, pixels, y),
            }
        }
    }
}
