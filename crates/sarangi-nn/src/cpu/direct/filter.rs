//! The gradient of the filter: sums over pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::conv2d::Conv;
use super::super::simd::{self, Kernel, Lanes};
use super::super::source::Source;
use super::super::tile::{Outer, panel_width};
use super::axis::Axis;
use super::pack::Order;
use super::panels::Panels;
use super::patch::View;
use super::phase::Phase;

/// Filters up to this many values are summed in private copies, each over a part of the pixels;
/// of larger ones each task sums some panels over all pixels.
const SMALL: usize = 64 << 10;

/// Values of all private copies together, which bounds the number of parts.
const COPIES: usize = 512 << 10;

/// The number of parts at most. Nothing here may depend on the number of threads: parts are added
/// in order, and the bits must be the same on any machine with the same instructions.
const PARTS: usize = 32;

/// Pixels that are multiplied at once: a panel of their gradients and the inputs of a tile stay in
/// the first cache.
const PIXELS: usize = 128;

/// Values of the strips that are held at once for a large filter.
const CHUNK: usize = 2 << 20;

/// Values of a large filter's sums that one task makes: they and a strip fit a core's second cache.
const BLOCK: usize = 144 << 10;

/// Tasks there should be of a large filter, even if their sums could be more.
const TASKS: usize = 4;

/// The sums over all pixels, on their way.
#[derive(Debug)]
struct Sums<'a> {
    conv: &'a Conv,
    x: Source<'a>,
    dy: Source<'a>,
    phase: &'a Phase,
    panels: Panels,
    /// Output rows of a strip, and strips of a picture.
    band: usize,
    bands: usize,
    /// Rows of a panel.
    depth: usize,
}

/// Writes all of `dfilter` and `dbias`.
pub(super) fn run(
    conv: &Conv,
    x: Source<'_>,
    dy: Source<'_>,
    dfilter: &mut [f32],
    dbias: Option<&mut [f32]>,
) {
    let axis = |i, count| Axis::forward(&conv.window, i, count);
    let phase = Phase {
        rows: axis(0, conv.output.height),
        columns: axis(1, conv.output.width),
        first: 0,
    };
    let taps = phase.taps(&conv.window);
    let band = (PIXELS / conv.output.width.max(1)).clamp(1, conv.output.height.max(1));
    let band = conv
        .output
        .height
        .div_ceil(conv.output.height.div_ceil(band).max(1))
        .max(1);
    let sums = Sums {
        conv,
        x,
        dy,
        panels: Panels::new(conv.groups, conv.output.channels, panel_width()),
        band,
        bands: conv.output.height.div_ceil(band),
        depth: taps.len() * (conv.input.channels / conv.groups),
        phase: &phase,
    };
    let total = if dfilter.len() <= SMALL {
        sums.by_parts((COPIES / dfilter.len().max(1)).min(PARTS))
    } else {
        sums.by_panels()
    };
    let order = Order {
        conv,
        panels: sums.panels,
        taps: &taps,
    };
    order.unpack(&total.filter, dfilter);
    if let Some(dbias) = dbias {
        for (i, sums) in total.bias.chunks_exact(order.panels.width).enumerate() {
            let panel = order.panels.get(i);
            dbias[panel.first..][..panel.columns].copy_from_slice(&sums[..panel.columns]);
        }
    }
}

/// Sums in panels.
#[derive(Debug)]
struct Total {
    filter: Buffer,
    bias: Buffer,
}

impl Sums<'_> {
    fn zero(&self) -> Total {
        let columns = self.panels.count() * self.panels.width;
        Total {
            filter: Buffer::zeros(columns * self.depth),
            bias: Buffer::zeros(columns),
        }
    }

    fn strips(&self) -> usize {
        self.conv.output.batch * self.bands
    }

    fn by_parts(&self, parts: usize) -> Total {
        let strips = self.strips();
        let parts = parts.min(strips);
        let done: Vec<Total> = (0..parts)
            .into_par_iter()
            .map(|i| {
                simd::run(Part {
                    sums: self,
                    strips: i * strips / parts..(i + 1) * strips / parts,
                })
            })
            .collect();
        let mut done = done.into_iter();
        let mut total = done.next().unwrap_or_else(|| self.zero());
        for part in done {
            add(&mut total.filter, &part.filter);
            add(&mut total.bias, &part.bias);
        }
        total
    }

    fn by_panels(&self) -> Total {
        let mut total = self.zero();
        let strip = self.band * (self.conv.input.row() + self.conv.output.row());
        let strips: Vec<usize> = (0..self.strips()).collect();
        for strips in strips.chunks((CHUNK / strip.max(1)).max(1)) {
            let strips: Vec<Strip<'_>> = strips
                .par_iter()
                .map(|&index| simd::run(Prepare { sums: self, index }))
                .collect();
            let panel = (self.depth * self.panels.width).max(1);
            let most = (BLOCK / panel).max(1);
            let blocks = self.panels.count().div_ceil(most).max(TASKS);
            let block = self.panels.count().div_ceil(blocks).max(1);
            total
                .filter
                .par_chunks_mut(block * panel)
                .zip(total.bias.par_chunks_mut(block * self.panels.width))
                .enumerate()
                .for_each(|(index, (filter, bias))| {
                    simd::run(SomePanels {
                        sums: self,
                        strips: &strips,
                        first: index * block,
                        filter,
                        bias,
                    });
                });
        }
        total
    }

    /// Adds a strip's products to the sums of panels `first`, ….
    #[inline(always)]
    fn add_panels<S: Lanes>(
        &self,
        simd: S,
        strip: &Strip<'_>,
        first: usize,
        filter: &mut [f32],
        bias: &mut [f32],
    ) {
        let width = self.panels.width;
        let filters = filter.chunks_exact_mut((self.depth * width).max(1));
        for (i, (filter, bias)) in filters.zip(bias.chunks_exact_mut(width)).enumerate() {
            self.add_strip(simd, strip, first + i, filter, bias);
        }
    }

    #[inline(always)]
    fn prepare<S: Lanes>(&self, simd: S, index: usize) -> Strip<'_> {
        let (output, Phase { rows, columns, .. }) = (self.conv.output, self.phase);
        let (image, first) = (index / self.bands, index % self.bands * self.band);
        let lines = first..(first + self.band).min(output.height);
        let pixels = lines.len() * output.width;
        let patch = self.phase.patch(lines.clone());
        let steps = [rows.step, columns.step];
        let view = View::new(simd, &self.x, self.conv.input, patch, steps, (image, 1));
        let at = (image * output.height + first) * output.width;
        Strip {
            view,
            lines,
            dy: self.gradients(simd, at, pixels),
        }
    }

    /// The gradients of `pixels` pixels from pixel `first` of the batch on.
    #[inline(always)]
    fn gradients<S: Lanes>(&self, simd: S, first: usize, pixels: usize) -> Gradients<'_> {
        let (output, width) = (self.conv.output, self.panels.width);
        let channels = output.channels;
        // Pixels as they are stored are rows of the one panel.
        let same = self.panels.count() == 1 && channels == width;
        if let Source::Stored(dy) = self.dy
            && same
        {
            return Gradients::Stored(&dy[first * channels..][..pixels * channels]);
        }
        let mut panels = Buffer::stale(self.panels.count() * pixels * width);
        if same {
            self.dy.read(simd, output, first, &mut panels);
            return Gradients::Copied(panels);
        }
        let mut copied = match self.dy {
            Source::Stored(_) => Buffer::stale(0),
            _ => Buffer::stale(output.row()),
        };
        for at in (0..pixels).step_by(output.width.max(1)) {
            let line = match self.dy {
                Source::Stored(dy) => &dy[(first + at) * channels..][..output.row()],
                dy => {
                    dy.read(simd, output, first + at, &mut copied);
                    &*copied
                }
            };
            for (i, panels) in panels.chunks_exact_mut(pixels * width).enumerate() {
                let panel = self.panels.get(i);
                let to = panels[at * width..].chunks_exact_mut(width);
                for (to, from) in to.zip(line.chunks_exact(channels)) {
                    panel.copy(simd, from, to);
                }
            }
        }
        Gradients::Copied(panels)
    }

    /// Adds a strip's products to one panel's sums.
    #[inline(always)]
    fn add_strip<S: Lanes>(
        &self,
        simd: S,
        strip: &Strip<'_>,
        index: usize,
        mut filter: &mut [f32],
        bias: &mut [f32],
    ) {
        let Phase { rows, columns, .. } = self.phase;
        let (view, width) = (&strip.view, self.panels.width);
        let line = self.conv.output.width;
        let pixels = strip.lines.len() * line;
        let d = match &strip.dy {
            Gradients::Stored(d) => d,
            Gradients::Copied(panels) => &panels[index * pixels * width..][..pixels * width],
        };
        add_pixels(simd, d, bias);
        let panel = self.panels.get(index);
        let group = self.conv.input.channels / self.conv.groups;
        let joined = view.joins(line);
        let runs = view.runs(rows, columns, group);
        let per_tap = (runs.len() / rows.taps.len().max(1)).max(1);
        for (tap, runs) in rows.taps.iter().zip(runs.chunks(per_tap)) {
            // Lines of padding are left out: they add nothing.
            let inside = rows.results_inside(*tap, strip.lines.clone(), self.conv.input.height);
            let skipped = inside.start - strip.lines.start;
            let [height, line] = match joined {
                true => [1.min(inside.len()), inside.len() * line],
                false => [inside.len(), line],
            };
            for run in runs {
                let (out, rest) = filter.split_at_mut(run.len * width);
                filter = rest;
                if height * line == 0 {
                    continue;
                }
                Outer {
                    x: &view.values()[skipped * view.down + panel.group * group + run.offset..],
                    x_row: view.down,
                    x_step: view.across,
                    d: &d[skipped * self.conv.output.width * width..],
                    d_row: line * width,
                    d_step: width,
                    height,
                    width: line,
                    out_step: width,
                    // Whole vectors, which panels have, though some of their columns be zero.
                    columns: panel.columns.next_multiple_of(S::F32_LANES),
                }
                .run(simd, run.len, out);
            }
        }
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// Some lines of one picture, ready to be multiplied.
#[derive(Debug)]
struct Strip<'a> {
    view: View<'a>,
    lines: Range<usize>,
    dy: Gradients<'a>,
}

/// Gradients of the output in panels: a panel has a row for each pixel.
#[derive(Debug)]
enum Gradients<'a> {
    /// There is one panel, and it is the gradients as they are stored.
    Stored(&'a [f32]),
    Copied(Buffer),
}

/// All panels over some strips.
struct Part<'a> {
    sums: &'a Sums<'a>,
    strips: Range<usize>,
}

impl Kernel for Part<'_> {
    type Output = Total;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Total {
        let sums = self.sums;
        let mut total = sums.zero();
        for index in self.strips {
            let strip = sums.prepare(simd, index);
            sums.add_panels(simd, &strip, 0, &mut total.filter, &mut total.bias);
        }
        total
    }
}

struct Prepare<'a> {
    sums: &'a Sums<'a>,
    index: usize,
}

impl<'a> Kernel for Prepare<'a> {
    type Output = Strip<'a>;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Strip<'a> {
        self.sums.prepare(simd, self.index)
    }
}

/// Neighbouring panels over some strips.
struct SomePanels<'a> {
    sums: &'a Sums<'a>,
    strips: &'a [Strip<'a>],
    first: usize,
    filter: &'a mut [f32],
    bias: &'a mut [f32],
}

impl Kernel for SomePanels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        // The strips outside: all panels read a strip while it is in the cache.
        for strip in self.strips {
            self.sums
                .add_panels(simd, strip, self.first, self.filter, self.bias);
        }
    }
}

/// Adds the sum over a panel's rows to `out`.
#[inline(always)]
fn add_pixels<S: Lanes>(simd: S, d: &[f32], out: &mut [f32]) {
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 2];
    for row in S::as_simd_f32s(d).0.chunks_exact(2) {
        sums[0] = simd.add_f32s(sums[0], row[0]);
        sums[1] = simd.add_f32s(sums[1], row[1]);
    }
    for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums) {
        *out = simd.add_f32s(*out, sum);
    }
}
