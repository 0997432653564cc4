//! The gradient of a depthwise filter: for each tap the sum over all pixels of input times gradient.

use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::elementwise::{load, store};
use super::super::rows::{Ring, Rows};
use super::super::simd::{Kernel, Lanes, run as run_kernel};
use super::super::source::Source;
use super::super::tasks::strip_height;
use super::super::tile::even_parts;
use super::super::windows::{Axis, Windows, reach};
use super::Depthwise;
use super::correlation::padded;

/// Values of the ring of rows, which is to stay in the second-nearest cache.
const RING: usize = 1 << 15;

/// Taps of one call of the innermost loop, at most: enough sums for the arithmetic units to be
/// busy while each waits for its turn.
const TAPS: usize = 9;

pub(super) fn run(
    of: &Depthwise,
    x: Source,
    dy: Source,
    dfilter: &mut [f32],
    dbias: Option<&mut [f32]>,
) {
    let [rows, _] = Windows::Moving(of.window).axes(of.input, of.output);
    let height = strip_height(of.output);
    let per_image = of.output.height.div_ceil(height);
    let parts: Vec<Buffer> = (0..of.output.batch * per_image)
        .into_par_iter()
        .map(|task| {
            let first = task % per_image * height;
            let strip = Strip {
                of,
                x,
                dy,
                rows: &rows,
                image: task / per_image,
                first,
                end: (first + height).min(of.output.height),
                bias: dbias.is_some(),
            };
            run_kernel(strip)
        })
        .collect();
    let (taps, channels) = (of.window.kernel.iter().product(), of.output.channels);
    let total = |row: usize, c: usize| -> f32 {
        parts
            .iter()
            .map(|part| part[row * padded(channels) + c])
            .sum()
    };
    for (i, d) in dfilter.iter_mut().enumerate() {
        *d = total(i % taps, i / taps);
    }
    for (c, d) in dbias.into_iter().flatten().enumerate() {
        *d = total(taps, c);
    }
}

/// Rows `first..end` of one picture of the output.
struct Strip<'a> {
    of: &'a Depthwise,
    x: Source<'a>,
    dy: Source<'a>,
    rows: &'a Axis,
    image: usize,
    first: usize,
    end: usize,
    bias: bool,
}

impl Kernel for Strip<'_> {
    /// A row of padded channels for each tap, and one for the shift.
    type Output = Buffer;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Buffer {
        let (window, input, output) = (&self.of.window, self.of.expanded(), self.of.output);
        let [height, width] = window.kernel;
        let channels = padded(output.channels);
        let mut sums = Buffer::zeros((height * width + 1) * channels);
        let per_step = (RING * output.height / input.image().max(1)).clamp(1, 8);
        let step_of = |first: usize| first..(first + per_step).min(self.end);
        let steps = || (self.first..self.end).step_by(per_step).map(step_of);
        let reads = |step: std::ops::Range<usize>| reach(&self.rows.reads[step]);
        let pixels = (output.width - 1) * window.stride[1] + (width - 1) * window.dilation[1] + 1;
        let ring = Ring {
            margins: [
                window.padding[1],
                pixels.saturating_sub(window.padding[1] + input.width),
            ],
            slots: steps()
                .map(|step| reads(step).len())
                .max()
                .unwrap_or(0)
                .max(1),
            zeros: true,
            vectors: true,
        };
        let mut x = Rows::new(self.x, input, self.image, ring);
        let ring = Ring {
            vectors: true,
            ..Ring::plain(per_step)
        };
        let mut dy = Rows::new(self.dy, output, self.image, ring);
        // For each row of dy where it begins, and for each tap where the first pixel's input lies.
        let mut starts = Vec::new();
        let mut inputs = Vec::new();
        for step in steps() {
            x.read(simd, reads(step.clone()));
            dy.read(simd, step.clone());
            starts.clear();
            inputs.clear();
            for row in step {
                starts.push(dy.start(row));
                let mut from = vec![x.zeros(); height];
                for tap in &self.rows.reads[row] {
                    from[tap.tap] = x.start(tap.at);
                }
                inputs.extend(from.iter().flat_map(|start| {
                    (0..width).map(move |tap| start + tap * window.dilation[1] * output.channels)
                }));
            }
            let block = Block {
                x: x.memory(),
                x_step: window.stride[1] * output.channels,
                inputs: &inputs,
                taps: height * width,
                dy: dy.memory(),
                dy_step: output.channels,
                starts: &starts,
                width: output.width,
                bias: self.bias,
            };
            for channel in (0..output.channels).step_by(S::F32_LANES) {
                block.run(simd, channel, &mut sums, channels);
            }
        }
        sums
    }
}

/// Rows of dy whose products are summed.
struct Block<'a> {
    x: &'a [f32],
    x_step: usize,
    /// For each row and tap where the input of the row's first pixel begins.
    inputs: &'a [usize],
    taps: usize,
    dy: &'a [f32],
    dy_step: usize,
    /// For each row where it begins.
    starts: &'a [usize],
    width: usize,
    /// Whether the sums of dy itself are wanted as well.
    bias: bool,
}

impl Block<'_> {
    /// Adds the sums of the vector of channels that begins at `channel`; rows of `sums` begin
    /// `sums_step` apart.
    #[inline(always)]
    fn run<S: Lanes>(&self, simd: S, channel: usize, sums: &mut [f32], sums_step: usize) {
        let end = channel + S::F32_LANES;
        let last = self.width - 1;
        let (x_reach, dy_reach) = (last * self.x_step + end, last * self.dy_step + end);
        assert!(self.inputs.len() == self.starts.len() * self.taps);
        assert!(self.inputs.iter().all(|at| at + x_reach <= self.x.len()));
        assert!(self.starts.iter().all(|at| at + dy_reach <= self.dy.len()));
        assert!(self.taps * sums_step + end <= sums.len());
        let mut done = 0;
        for taps in even_parts(self.taps, TAPS) {
            #[allow(
                unsafe_code,
                reason = "the sums stay in registers only without bounds checks"
            )]
            // SAFETY: the assertions above hold for the last pixel of every row and tap, and for
            // the last tap's sums.
            unsafe {
                let sums = sums.as_mut_ptr().add(done * sums_step + channel);
                macro_rules! of_taps {
                    ($($n:literal)*) => {
                        match taps {
                            $($n => self.tile::<S, $n>(simd, channel, done, sums, sums_step),)*
                            _ => {}
                        }
                    };
                }
                of_taps!(1 2 3 4 5 6 7 8 9);
            }
            done += taps;
        }
        if self.bias {
            let at = self.taps * sums_step + channel;
            let shift = &mut sums[at..at + S::F32_LANES];
            let mut total = load(simd, shift);
            for start in self.starts {
                for pixel in 0..self.width {
                    let at = start + pixel * self.dy_step + channel;
                    let dy = load(simd, &self.dy[at..at + S::F32_LANES]);
                    total = simd.add_f32s(total, dy);
                }
            }
            store(simd, shift, total);
        }
    }

    /// # Safety
    /// Whole vectors can be read at `channel` of every pixel, and of its inputs for the N taps from
    /// `first` on; N vectors can be written `sums_step` apart.
    #[inline(always)]
    #[allow(
        unsafe_code,
        reason = "the sums stay in registers only without bounds checks"
    )]
    unsafe fn tile<S: Lanes, const N: usize>(
        &self,
        simd: S,
        channel: usize,
        first: usize,
        sums: *mut f32,
        sums_step: usize,
    ) {
        // SAFETY: by the contract. A vector is an array of f32 to the compiler, so it may be read
        // and written wherever its values lie.
        unsafe {
            let at = |p: *const f32| p.cast::<S::f32s>().read_unaligned();
            let mut totals = [simd.splat_f32s(0.0); N];
            for (row, &start) in self.starts.iter().enumerate() {
                let inputs = self.inputs.as_ptr().add(row * self.taps + first);
                let mut x: [*const f32; N] = [self.x.as_ptr(); N];
                for (tap, x) in x.iter_mut().enumerate() {
                    *x = x.add(*inputs.add(tap) + channel);
                }
                let dy = self.dy.as_ptr().add(start + channel);
                for pixel in 0..self.width {
                    let d = at(dy.add(pixel * self.dy_step));
                    for (total, x) in totals.iter_mut().zip(x) {
                        *total = simd.fma(at(x.add(pixel * self.x_step)), d, *total);
                    }
                }
            }
            for (tap, &total) in totals.iter().enumerate() {
                let sum = sums.add(tap * sums_step);
                let sum = sum.cast::<S::f32s>();
                sum.write_unaligned(simd.add_f32s(sum.read_unaligned(), total));
            }
        }
    }
}
