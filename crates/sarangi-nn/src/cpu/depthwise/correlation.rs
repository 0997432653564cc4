//! Each output is a weighted sum of the inputs below its window: the way forward, and on the way
//! back the same with other taps.

use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::conv2d::Epilogue;
use super::super::norm::Tally;
use super::super::pictures::Pictures;
use super::super::rows::{Ring, Rows};
use super::super::simd::{Kernel, Lanes, run};
use super::super::source::Source;
use super::super::tasks::{Strip, strips};
use super::super::tile::even_parts;
use super::super::windows::{Tap, Windows, reach};
use super::{Depthwise, square};

/// Sums over windows of one picture for each pixel of another with the same channels.
#[derive(Debug)]
pub(super) struct Correlation<'a> {
    input: Pictures,
    output: Pictures,
    /// For each row of the output the rows that it reads.
    rows: Vec<Vec<Tap>>,
    phases: Vec<Phase>,
    margins: [usize; 2],
    /// Columns of the window.
    columns: usize,
    /// A row of [`padded`] channels for each tap.
    weights: Buffer,
    /// What sums begin with, a row of padded channels.
    start: Buffer,
    epilogue: Epilogue<'a>,
    /// If the window is the one of [`square`], how many rows of padding lie above.
    square: Option<usize>,
    /// Whether later rows and columns are read through earlier taps.
    reversed: bool,
}

/// Every so manyth column of the output: those that read their inputs through the same taps.
#[derive(Debug)]
struct Phase {
    /// The first of these columns, from which on they lie `out_step` pixels apart.
    first: usize,
    count: usize,
    out_step: usize,
    /// How many pixels apart their inputs lie.
    in_step: usize,
    /// The first one's inputs, in pixels from the left margin's start, by the window's columns.
    taps: Vec<Tap>,
}

/// The outputs of one call of the innermost loop, at most.
const TILE: usize = 8;

/// Values of the ring of rows, which is to stay in the second-nearest cache.
const RING: usize = 1 << 16;

/// Channels rounded up to whole vectors of any width.
pub(super) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(16)
}

impl<'a> Correlation<'a> {
    pub(super) fn forward(of: &Depthwise, filter: &[f32], epilogue: Epilogue<'a>) -> Self {
        let window = &of.window;
        let [rows, _] = Windows::Moving(*window).axes(of.input, of.output);
        let left = window.padding[1];
        let taps = (0..window.kernel[1]).map(|tap| Tap {
            at: tap * window.dilation[1],
            tap,
        });
        let phase = Phase {
            first: 0,
            count: of.output.width,
            out_step: 1,
            in_step: window.stride[1],
            taps: taps.collect(),
        };
        let right = phase.end().saturating_sub(left + of.input.width);
        let mut start = Buffer::zeros(padded(of.output.channels));
        if let Some(bias) = epilogue.bias {
            start[..bias.len()].copy_from_slice(bias);
        }
        Self {
            input: of.expanded(),
            output: of.output,
            rows: rows.reads,
            phases: vec![phase],
            margins: [left, right],
            columns: window.kernel[1],
            weights: pack(of, filter),
            start,
            epilogue,
            square: square::fits(window).then_some(window.padding[0]),
            reversed: false,
        }
    }

    pub(super) fn backward(of: &Depthwise, filter: &[f32]) -> Self {
        let window = &of.window;
        let [rows, _] = Windows::Moving(*window).axes(of.input, of.output);
        let (stride, dilation) = (window.stride[1] as isize, window.dilation[1] as isize);
        // Column i of dx gets from tap t what column (i + padding − t · dilation) / stride of dy
        // holds, if that is a whole number.
        let column = |i: usize, tap: usize| {
            let at = (i + window.padding[1]) as isize - tap as isize * dilation;
            (at % stride == 0).then_some(at / stride)
        };
        let firsts = || 0..window.stride[1].min(of.input.width);
        let all = || {
            firsts().flat_map(|first| (0..window.kernel[1]).filter_map(move |t| column(first, t)))
        };
        let left = all().min().map_or(0, |at| (-at).max(0) as usize);
        let phases: Vec<Phase> = firsts()
            .map(|first| {
                let taps = (0..window.kernel[1]).filter_map(|tap| {
                    let at = (column(first, tap)? + left as isize) as usize;
                    Some(Tap { at, tap })
                });
                Phase {
                    first,
                    count: (of.input.width - first).div_ceil(window.stride[1]),
                    out_step: window.stride[1],
                    in_step: 1,
                    taps: taps.collect(),
                }
            })
            .collect();
        let end = phases.iter().map(Phase::end).max().unwrap_or(0);
        let above = (window.kernel[0] - 1).checked_sub(window.padding[0]);
        Self {
            input: of.output,
            output: of.expanded(),
            rows: rows.read_by,
            phases,
            margins: [left, end.saturating_sub(left + of.output.width)],
            columns: window.kernel[1],
            weights: pack(of, filter),
            start: Buffer::zeros(padded(of.output.channels)),
            epilogue: Epilogue::default(),
            square: above.filter(|_| square::fits(window)),
            reversed: true,
        }
    }

    /// Writes all of `y`; the tallies of its parts, if they are wanted.
    pub(super) fn run(&self, x: Source, y: &mut [f32]) -> Vec<Tally> {
        let strips = strips(self.output, y);
        let tallies = strips.into_par_iter().filter_map(|strip| {
            let Strip {
                image,
                first,
                values,
            } = strip;
            run(Part {
                plan: self,
                x,
                strip: Strip {
                    image,
                    first,
                    values: &mut *values,
                },
            });
            self.epilogue.tally(values, self.output.channels)
        });
        tallies.collect()
    }
}

impl Phase {
    /// The pixels of a row that must be there, margins included.
    fn end(&self) -> usize {
        let last = self.taps.iter().map(|tap| tap.at).max();
        last.map_or(0, |last| {
            last + self.count.saturating_sub(1) * self.in_step + 1
        })
    }
}

/// The filter as rows of padded channels, one for each tap.
fn pack(of: &Depthwise, filter: &[f32]) -> Buffer {
    let [height, width] = of.window.kernel;
    let (taps, channels) = (height * width, of.output.channels);
    let mut packed = Buffer::zeros(taps * padded(channels));
    for (tap, packed) in packed.chunks_mut(padded(channels).max(1)).enumerate() {
        for (c, packed) in packed[..channels].iter_mut().enumerate() {
            *packed = filter[c * taps + tap];
        }
    }
    packed
}

/// Some rows of the output.
struct Part<'a> {
    plan: &'a Correlation<'a>,
    x: Source<'a>,
    strip: Strip<'a, f32>,
}

/// One tap of a tile's window: where its input lies behind the first tile's, and its weights.
#[derive(Clone, Copy)]
struct Offsets {
    x: usize,
    weights: usize,
}

impl Kernel for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { plan, x, strip } = self;
        let (input, row) = (plan.input, plan.output.row());
        let taps = &plan.rows[strip.first..][..strip.values.len() / row];
        let per_step = (RING * plan.output.height / input.image().max(1)).clamp(1, 8);
        let slots = taps.chunks(per_step).map(|taps| reach(taps).len()).max();
        let ring = Ring {
            margins: plan.margins,
            slots: slots.unwrap_or(0).max(1),
            zeros: plan.square.is_some(),
            vectors: true,
        };
        let mut rows = Rows::new(x, input, strip.image, ring);
        let mut offsets = Vec::new();
        let steps = strip.values.chunks_mut(per_step * row);
        for (step, (y, taps)) in steps.zip(taps.chunks(per_step)).enumerate() {
            rows.read(simd, reach(taps));
            if let (Some(above), true) = (plan.square, S::ROWS > 6) {
                let first = strip.first + step * per_step;
                plan.square_rows(simd, &rows, above, first, y);
                continue;
            }
            for (y, taps) in y.chunks_mut(row).zip(taps) {
                for phase in &plan.phases {
                    plan.offsets(&rows, taps, phase, &mut offsets);
                    plan.row(simd, &rows, phase, &offsets, y);
                }
            }
        }
    }
}

impl Correlation<'_> {
    /// The taps of one row's windows.
    #[inline(always)]
    fn offsets(&self, rows: &Rows, taps: &[Tap], phase: &Phase, offsets: &mut Vec<Offsets>) {
        offsets.clear();
        for row in taps {
            let start = rows.start(row.at);
            offsets.extend(phase.taps.iter().map(|column| Offsets {
                x: start + column.at * self.input.channels,
                weights: (row.tap * self.columns + column.tap) * padded(self.input.channels),
            }));
        }
    }

    /// Some rows of the output, from row `first` on, under a square window.
    #[inline(always)]
    fn square_rows<S: Lanes>(
        &self,
        simd: S,
        rows: &Rows,
        above: usize,
        first: usize,
        y: &mut [f32],
    ) {
        let row = self.output.row();
        for (pair, y) in y.chunks_mut(2 * row).enumerate() {
            let first = first + 2 * pair;
            let starts = [0, 1, 2, 3].map(|i| match (first + i).checked_sub(above) {
                Some(at) if at < self.input.height && i < 2 + y.len() / row => rows.start(at),
                _ => rows.zeros(),
            });
            let of = square::Rows {
                x: rows.memory(),
                starts,
                channels: self.input.channels,
                weights: &self.weights,
                weights_step: padded(self.input.channels),
                reversed: self.reversed,
                start: &self.start,
                width: self.output.width,
            };
            if y.len() == row {
                of.run::<S, 1>(simd, y);
            } else {
                of.run::<S, 2>(simd, y);
            }
        }
    }

    /// One phase of a row.
    #[inline(always)]
    fn row<S: Lanes>(
        &self,
        simd: S,
        rows: &Rows,
        phase: &Phase,
        offsets: &[Offsets],
        y: &mut [f32],
    ) {
        let (x, all) = (rows.memory(), self.input.channels);
        let (x_step, y_step) = (phase.in_step * all, phase.out_step * all);
        let furthest = offsets.iter().map(|offsets| offsets.x).max();
        let last = phase.count.saturating_sub(1);
        // The last vector that is read begins at the first of its channels.
        let vector = (all - 1) / S::F32_LANES * S::F32_LANES;
        assert!(phase.count > 0);
        assert!(
            furthest.is_none_or(|x_at| x_at + last * x_step + vector + S::F32_LANES <= x.len())
        );
        assert!((phase.first + last * phase.out_step + 1) * all <= y.len());
        let mut done = 0;
        for tile in even_parts(phase.count, TILE) {
            for channel in (0..all).step_by(S::F32_LANES) {
                let at = phase.first * all + done * y_step + channel;
                #[allow(
                    unsafe_code,
                    reason = "the sums stay in registers only without bounds checks"
                )]
                // SAFETY: a tap's weights are a row of padded channels, of which `offsets` holds
                // the start. The assertions above keep what these pixels read of x and write of y
                // inside these slices: they hold for the last pixel and the last channels.
                unsafe {
                    let tile_of = Tile {
                        offsets,
                        x: x.as_ptr().add(done * x_step + channel),
                        x_step,
                        weights: self.weights.as_ptr().add(channel),
                        start: self.start.as_ptr().add(channel),
                        y: y.as_mut_ptr().add(at),
                        y_step,
                        lanes: (all - channel).min(S::F32_LANES),
                    };
                    macro_rules! of_pixels {
                        ($($n:literal)*) => {
                            match tile { $($n => tile_of.run::<S, $n>(simd),)* _ => {} }
                        };
                    }
                    of_pixels!(1 2 3 4 5 6 7 8);
                }
            }
            done += tile;
        }
    }
}

/// One vector of channels for some pixels.
struct Tile<'a> {
    offsets: &'a [Offsets],
    x: *const f32,
    x_step: usize,
    weights: *const f32,
    start: *const f32,
    y: *mut f32,
    y_step: usize,
    /// Channels that are there.
    lanes: usize,
}

impl Tile<'_> {
    /// # Safety
    /// For each of N pixels a whole vector can be read at each tap's offset from `x`, and `lanes`
    /// values can be written to `y`; whole vectors can be read at each tap's weights and at `start`.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn run<S: Lanes, const N: usize>(&self, simd: S) {
        // SAFETY: by the contract. A vector is an array of f32 to the compiler, so it may be read
        // and written wherever its values lie.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            let mut sums = [at(self.start); N];
            for tap in self.offsets {
                let weights = at(self.weights.add(tap.weights));
                let x = self.x.add(tap.x);
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = simd.fma(at(x.add(i * self.x_step)), weights, *sum);
                }
            }
            for (i, &sum) in sums.iter().enumerate() {
                let y = self.y.add(i * self.y_step);
                if self.lanes == S::F32_LANES {
                    y.cast::<S::f32s>().write_unaligned(sum);
                } else {
                    let y = std::slice::from_raw_parts_mut(y, self.lanes);
                    simd.partial_store_f32s(y, sum);
                }
            }
        }
    }
}
