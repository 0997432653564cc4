//! Blocks that are converted as spectra.

use std::fmt;
use std::sync::Arc;

use num_complex::{Complex32, Complex64};
use rustfft::{Fft, FftPlanner};

use crate::kaiser::KaiserSinc;
use crate::smooth_length;

/// Half the filter's length in samples of the lower rate.
pub(crate) const REACH: f64 = 97.25;
/// Where the filter has lost 6 dB, as a share of the lower Nyquist frequency.
const CUTOFF: f64 = 0.956_872;
/// The shape of the filter's Kaiser window.
const BETA: f64 = 13.04;

/// A block has at least this many times the samples that it shares with its neighbours on one side:
/// with less, work is done twice, with more, transforms leave the first cache.
const SHARE: usize = 8;

/// What one of the two transforms may have at most, unless the ratio itself needs more.
const LONGEST: usize = 1 << 20;

/// A planned conversion of two blocks at once.
///
/// A block, as its neighbours reach into it on both sides, is transformed, filtered and cut or filled
/// with zeros to a transform of the new length, whose middle is what the block becomes (overlap-save).
/// Two blocks are one complex number at each sample: the filter has no phase and all steps are
/// linear, so that they stay apart.
pub(crate) struct Blocks {
    /// Samples of a block with what it shares, before and after.
    lengths: [usize; 2],
    /// Samples on each side that a block shares, before and after.
    overlaps: [usize; 2],
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// The filter at the frequencies 0, 1, … that both transforms have, over the length before.
    filter: Vec<f32>,
}

/// Room for two blocks to be worked on.
#[derive(Clone, Default)]
pub(crate) struct Room {
    before: Vec<Complex32>,
    after: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl Blocks {
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let divisor = greatest_common_divisor(from, to);
        let [p, q] = [from, to].map(|rate| rate / divisor);
        let (short, long) = (p.min(q), p.max(q));
        // Both lengths and both overlaps are whole numbers of units of p samples before, q after.
        let most = (LONGEST / long).max(4);
        let overlap = (REACH.ceil() as usize).div_ceil(short).min(most / 4);
        let units = smooth_length(SHARE * overlap).min(most);
        let lengths = [p, q].map(|side| units * side);
        let sinc = KaiserSinc {
            cutoff: 0.5 * CUTOFF * (short as f64 / p as f64),
            reach: (REACH * p as f64 / short as f64).min((overlap * p) as f64),
            beta: BETA,
        };
        let mut planner = FftPlanner::new();
        Self {
            lengths,
            overlaps: [p, q].map(|side| overlap * side),
            forward: planner.plan_fft_forward(lengths[0]),
            inverse: planner.plan_fft_inverse(lengths[1]),
            filter: response(&sinc, lengths),
        }
    }

    pub(crate) fn room(&self) -> Room {
        let [before, after] = self.lengths.map(|len| vec![Complex32::default(); len]);
        let scratch = [&self.forward, &self.inverse].map(|fft| fft.get_inplace_scratch_len());
        Room {
            before,
            after,
            fft: vec![Complex32::default(); scratch[0].max(scratch[1])],
        }
    }

    /// Samples that two blocks share with those before and after them, on one side.
    pub(crate) fn overlap(&self) -> usize {
        self.overlaps[0]
    }

    /// Samples that are needed to convert two blocks.
    pub(crate) fn needed(&self) -> usize {
        self.taken() + 2 * self.overlaps[0]
    }

    /// Samples that are not needed any more once two blocks are converted.
    pub(crate) fn taken(&self) -> usize {
        2 * self.own(0)
    }

    pub(crate) fn latency(&self) -> usize {
        self.taken() + self.overlaps[0]
    }

    /// Samples of a block that are its own, before (0) or after (1).
    fn own(&self, side: usize) -> usize {
        self.lengths[side] - 2 * self.overlaps[side]
    }

    /// Converts two blocks and appends what they become.
    pub(crate) fn run(&self, samples: &[f32], room: &mut Room, ready: &mut Vec<f32>) {
        let [before, after] = self.lengths;
        let both = samples[..before].iter().zip(&samples[self.own(0)..]);
        for (z, (&re, &im)) in room.before.iter_mut().zip(both) {
            *z = Complex32::new(re, im);
        }
        self.forward
            .process_with_scratch(&mut room.before, &mut room.fft);
        // The frequencies from 0 up, then those below 0.
        let bins = self.filter.len();
        let low = room.before.iter().zip(&self.filter);
        for (y, (&x, &gain)) in room.after.iter_mut().zip(low) {
            *y = x * gain;
        }
        room.after[bins..=after - bins].fill(Complex32::default());
        let high = room.before[before - bins + 1..].iter();
        let high = high.zip(self.filter[1..].iter().rev());
        for (y, (&x, &gain)) in room.after[after - bins + 1..].iter_mut().zip(high) {
            *y = x * gain;
        }
        self.inverse
            .process_with_scratch(&mut room.after, &mut room.fft);
        let own = &room.after[self.overlaps[1]..][..self.own(1)];
        ready.extend(own.iter().map(|z| z.re));
        ready.extend(own.iter().map(|z| z.im));
    }
}

/// The filter's gains at the frequencies k / `before` that are below both Nyquist frequencies, over
/// `before`.
fn response(sinc: &KaiserSinc, [before, after]: [usize; 2]) -> Vec<f32> {
    let taps = sinc.taps();
    let mut circle = vec![Complex64::default(); before];
    for (k, &tap) in taps.iter().enumerate() {
        // One tap may lie opposite the middle, from both sides.
        circle[k % before].re += tap;
        if k > 0 {
            circle[before - k % before].re += tap;
        }
    }
    FftPlanner::new()
        .plan_fft_forward(before)
        .process(&mut circle);
    let bins = before.min(after).div_ceil(2);
    let gains = circle.iter().take(bins);
    gains.map(|z| (z.re / before as f64) as f32).collect()
}

fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks")
            .field("lengths", &self.lengths)
            .field("overlaps", &self.overlaps)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}
