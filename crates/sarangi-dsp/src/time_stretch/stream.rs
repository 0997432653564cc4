//! Time stretching as the sound comes.

use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex32;
use pulp::Simd;
use sarangi_core::{Error, Result, Waveform};

use super::Plan;
use super::phases::Phases;
use crate::framing::multiply;
use crate::lanes::LANES;
use crate::real_fft::RealFftScratch;
use crate::simd::{Kernel, run};

/// Delays within a frame grow at most to this many times their length; what would be moved further
/// would leave the frame.
const LONGEST_DELAY: f64 = 2.0;

/// A time stretch that takes sound in blocks of any size and gives what is ready; made by
/// [`TimeStretch::stream`](crate::TimeStretch::stream).
///
/// The samples are those of the whole sound at once, to the bit.
#[derive(Debug)]
pub struct TimeStretchStream {
    plan: Arc<Plan>,
    rate: f64,
    /// Samples between frames of the output.
    hop: usize,
    /// Of each channel, the samples from `kept` on.
    input: Vec<Vec<f32>>,
    kept: u64,
    received: u64,
    /// The next frame, whose middle is at `next` · `hop` in the output.
    next: u64,
    /// Of each channel, what the frames so far add up to from `given` on, and the sum of their
    /// squared windows.
    sums: Vec<Vec<f32>>,
    weights: Vec<f32>,
    given: u64,
    phases: Phases,
    scratch: Scratch,
}

#[derive(Debug)]
struct Scratch {
    forward: RealFftScratch,
    spectra: Vec<Complex32>,
    frame: Vec<f32>,
    inverse: Vec<Complex32>,
}

impl TimeStretchStream {
    pub(super) fn new(plan: Arc<Plan>, rate: f64, channels: usize) -> Self {
        let n_fft = plan.window.len();
        // At most half a window of sound between frames, or some of it would not be heard.
        let hop = (n_fft / 4).min((n_fft as f64 / (2.0 * rate)) as usize);
        Self {
            rate,
            hop: hop.max(1),
            input: vec![Vec::new(); channels],
            kept: 0,
            received: 0,
            next: 0,
            sums: vec![Vec::new(); channels],
            weights: Vec::new(),
            given: 0,
            phases: Phases::new(n_fft / 2 + 1, channels),
            scratch: Scratch {
                forward: plan.forward.scratch(),
                spectra: vec![Complex32::default(); LANES * (n_fft / 2 + 1)],
                frame: plan.inverse.make_output_vec(),
                inverse: plan.inverse.make_scratch_vec(),
            },
            plan,
        }
    }

    /// How many samples the output lags behind: sample t comes out at the latest with sample
    /// ⌈t · rate⌉ + latency of the input.
    pub fn latency(&self) -> usize {
        if self.is_nothing() {
            return 0;
        }
        let half = self.plan.window.len() as f64 / 2.0;
        (half + (half + self.hop as f64) * self.rate).ceil() as usize
    }

    /// Takes the next block and returns what is ready, which may be nothing.
    ///
    /// # Errors
    /// [`Error::Shape`] if the block has other channels or another rate than the stream.
    pub fn push(&mut self, block: &Waveform) -> Result<Waveform> {
        let mut ready = self.nothing();
        self.feed(block, 0..block.len(), &mut ready)?;
        Waveform::from_channels(ready, self.plan.rate)
    }

    /// Takes some samples of a block and appends what is ready to each channel.
    pub(crate) fn feed(
        &mut self,
        block: &Waveform,
        samples: Range<usize>,
        out: &mut [Vec<f32>],
    ) -> Result<()> {
        let expected = (self.input.len(), self.plan.rate);
        if (block.channels(), block.rate()) != expected {
            return Err(Error::shape(
                super::OP,
                format_args!("{} channels at {}", expected.0, expected.1),
                format_args!("{} channels at {}", block.channels(), block.rate()),
            ));
        }
        self.received += samples.len() as u64;
        let to = if self.is_nothing() {
            &mut *out
        } else {
            &mut self.input
        };
        for (channel, to) in to.iter_mut().enumerate() {
            to.extend_from_slice(&block.channel(channel)?[samples.clone()]);
        }
        if self.is_nothing() {
            return Ok(());
        }
        let half = self.plan.window.len() as i64 / 2;
        let mut ready = 0;
        while self.centre(self.next + ready) + half <= self.received as i64 {
            ready += 1;
        }
        self.advance(ready)?;
        // Every frame up to here has been added.
        let whole = (self.next * self.hop as u64).saturating_sub(half as u64);
        self.give(whole.saturating_sub(self.given), out);
        Ok(())
    }

    /// Returns the rest: together round(samples / rate).
    ///
    /// # Errors
    /// [`Error::Backend`] if a transform fails.
    pub fn finish(self) -> Result<Waveform> {
        let (mut rest, rate) = (self.nothing(), self.plan.rate);
        let length = self.length();
        self.finish_at(length, &mut rest)?;
        Waveform::from_channels(rest, rate)
    }

    /// How many samples come of those that were taken.
    pub(crate) fn length(&self) -> u64 {
        super::stretched(self.received, self.rate)
    }

    /// Appends the rest to each channel, so that there are `length` samples together.
    pub(crate) fn finish_at(mut self, length: u64, out: &mut [Vec<f32>]) -> Result<()> {
        let rest = length.saturating_sub(self.given);
        if self.is_nothing() {
            return Ok(());
        }
        let half = self.plan.window.len() as u64 / 2;
        let frames = (length + half).div_ceil(self.hop as u64);
        self.advance(frames.saturating_sub(self.next))?;
        self.give(rest, out);
        Ok(())
    }

    fn nothing(&self) -> Vec<Vec<f32>> {
        vec![Vec::new(); self.input.len()]
    }

    /// Whether nothing is to be done.
    fn is_nothing(&self) -> bool {
        self.rate == 1.0
    }

    /// The sample of the input in the middle of a frame.
    fn centre(&self, frame: u64) -> i64 {
        ((frame * self.hop as u64) as f64 * self.rate).round() as i64
    }

    /// Adds the next `frames`.
    fn advance(&mut self, frames: u64) -> Result<()> {
        let end = self.next + frames;
        while self.next < end {
            let count = LANES.min((end - self.next) as usize);
            self.analyse(count)?;
            self.synthesise(count)?;
            self.next += count as u64;
            self.forget();
        }
        Ok(())
    }

    /// Gives the next `count` frames their phases.
    fn analyse(&mut self, count: usize) -> Result<()> {
        let centres: [i64; LANES] =
            std::array::from_fn(|i| self.centre(self.next + i as u64) - self.kept as i64);
        for (channel, input) in self.input.iter().enumerate() {
            for earlier in [false, true] {
                let back = if earlier { self.hop as i64 } else { 0 };
                let window = &self.plan.window;
                let fill = |i: usize, out: &mut [f32]| {
                    around(input, centres[i] - back, window, out);
                };
                let rows = self.phases.take(channel, earlier, count);
                let scratch = &mut self.scratch.forward;
                self.plan.forward.spectra(count, fill, rows, scratch)?;
            }
        }
        let longest = (1.0 / self.rate).min(LONGEST_DELAY);
        self.phases.lock(count, (longest - 1.0) as f32);
        Ok(())
    }

    /// Adds the next `count` frames, which have their phases, to the output.
    fn synthesise(&mut self, count: usize) -> Result<()> {
        let Scratch {
            spectra,
            frame,
            inverse,
            ..
        } = &mut self.scratch;
        let window = &self.plan.window;
        let (n_fft, half) = (window.len(), window.len() / 2);
        let starts = (self.next..self.next + count as u64)
            .map(|k| (k * self.hop as u64) as i64 - half as i64 - self.given as i64);
        let end = starts.clone().next_back().unwrap_or(0) + n_fft as i64;
        let end = usize::try_from(end).unwrap_or(0).max(self.weights.len());
        self.weights.resize(end, 0.0);
        for start in starts.clone() {
            add(window, window, start, &mut self.weights);
        }
        for (channel, sum) in self.sums.iter_mut().enumerate() {
            self.phases.give(channel, count, spectra);
            sum.resize(end, 0.0);
            let bins = half + 1;
            for (start, spectrum) in starts.clone().zip(spectra.chunks_exact_mut(bins)) {
                // What a real frame cannot have.
                spectrum[0].im = 0.0;
                spectrum[half].im = 0.0;
                self.plan
                    .inverse
                    .process_with_scratch(spectrum, frame, inverse)
                    .map_err(|e| Error::backend(super::OP, e))?;
                // The middle of the window is the first sample.
                let (late, early) = frame.split_at(half);
                let (before, after) = self.plan.synthesis.split_at(half);
                add(early, before, start, sum);
                add(late, after, start + half as i64, sum);
            }
        }
        Ok(())
    }

    /// Appends the next `count` samples, to which no frame adds any more, to each channel.
    fn give(&mut self, count: u64, out: &mut [Vec<f32>]) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let count = count.min(self.weights.len());
        for (sum, out) in self.sums.iter_mut().zip(out) {
            let ready = out.len();
            out.extend_from_slice(&sum[..count]);
            run(Quotients {
                values: &mut out[ready..],
                by: &self.weights,
            });
            sum.drain(..count);
        }
        self.weights.drain(..count);
        self.given += count as u64;
    }

    /// Drops the samples that no later frame sees.
    fn forget(&mut self) {
        let before = self.plan.window.len() / 2 + self.hop;
        let first = self.centre(self.next) - before as i64;
        let drop = usize::try_from(first - self.kept as i64).unwrap_or(0);
        // Not one by one: what stays is moved each time.
        if drop < 4 * self.plan.window.len() {
            return;
        }
        for kept in &mut self.input {
            kept.drain(..drop.min(kept.len()));
        }
        self.kept += drop as u64;
    }
}

/// Adds a frame times a window from `start` on; what lies before the sum is left out.
fn add(frame: &[f32], window: &[f32], start: i64, sum: &mut [f32]) {
    let from = start.max(0).unsigned_abs() as usize;
    let skip = (start.min(0).unsigned_abs() as usize).min(frame.len());
    run(Products {
        sums: &mut sum[from..],
        x: &frame[skip..],
        w: &window[skip..],
    });
}

/// Adds x · w.
struct Products<'a> {
    sums: &'a mut [f32],
    x: &'a [f32],
    w: &'a [f32],
}

impl Kernel for Products<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let factors = self.x.iter().zip(self.w);
        for (sum, (&x, &w)) in self.sums.iter_mut().zip(factors) {
            *sum += x * w;
        }
    }
}

/// Divides.
struct Quotients<'a> {
    values: &'a mut [f32],
    by: &'a [f32],
}

impl Kernel for Quotients<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (value, &by) in self.values.iter_mut().zip(self.by) {
            *value /= by;
        }
    }
}

/// The samples around `centre` times the window, the one in the middle first; silence where there
/// are none.
fn around(samples: &[f32], centre: i64, window: &[f32], out: &mut [f32]) {
    let half = window.len() / 2;
    let (late, early) = out.split_at_mut(half);
    let (before, after) = window.split_at(half);
    part(samples, centre, after, late);
    part(samples, centre - half as i64, before, early);
}

fn part(samples: &[f32], start: i64, window: &[f32], out: &mut [f32]) {
    let inside = usize::try_from(start)
        .ok()
        .and_then(|from| samples.get(from..from + out.len()));
    match inside {
        Some(samples) => multiply(samples, window, out),
        None => {
            for ((y, &w), i) in out.iter_mut().zip(window).zip(start..) {
                let x = usize::try_from(i).ok().and_then(|i| samples.get(i));
                *y = x.map_or(0.0, |x| x * w);
            }
        }
    }
}
