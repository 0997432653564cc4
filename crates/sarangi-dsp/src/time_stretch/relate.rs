//! How the phases of frames hang together.

use pulp::Simd;

use super::phases::{FIRST, Row, place};
use crate::complexes::{Complexes, less_whole_turns};
use crate::lanes::{LANES, Lanes};
use crate::simd::{Kernel, load, store};

/// Bins on each side over which a delay is averaged.
const SMOOTH: usize = 2;

/// Bins over which a delay is averaged.
const WINDOW: usize = 2 * SMOOTH + 1;

/// Bins that are turned before the first of them is looked at across its frames: what was written a
/// moment ago in one place cannot be read at once in another.
const TURNED: usize = 16;

/// How one bin of sixteen frames (each at a place of its own) hangs together with others.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    /// How much it says: its energy.
    pub(super) weight: Lanes,
    /// What turns the offset of the frame before into the one that keeps the frequencies, times the
    /// energy.
    pub(super) step: [Lanes; 2],
}

/// From spectra to their relations; see [`TimeStretch`](crate::TimeStretch) for what is computed.
///
/// The frames are turned by delays that are stretched, in place.
pub(super) struct Relate<'a> {
    pub(super) channels: &'a mut [[Vec<Row>; 2]],
    pub(super) relations: &'a mut [Relation],
    pub(super) growth: f32,
}

impl Kernel for Relate<'_> {
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        for lane in (0..LANES).step_by(S::F32_LANES) {
            self.frames(simd, lane);
        }
    }
}

impl Relate<'_> {
    /// The frames from `lane` on, as many as a vector has.
    #[inline(always)]
    fn frames<S: Simd>(&mut self, simd: S, lane: usize) {
        let bins = self.channels.first().map_or(0, |[rows, _]| rows.len());
        let growth = simd.splat_f32s(self.growth);
        let mut turns = simd.splat_f32s(0.0);
        let mut slopes = [Complexes::splat(simd, 0.0, 0.0); WINDOW];
        for bin in 1..=SMOOTH {
            slopes[SMOOTH + bin] = self.slope(simd, lane, bin, bins);
        }
        let mut weights = [simd.splat_f32s(0.0); TURNED];
        for first in (0..bins).step_by(TURNED) {
            let some = first..bins.min(first + TURNED);
            for bin in some.clone() {
                if bin > 0 {
                    // The window moves on by a bin; all its places are registers.
                    for i in 1..WINDOW {
                        slopes[i - 1] = slopes[i];
                    }
                    slopes[WINDOW - 1] = self.slope(simd, lane, bin + SMOOTH, bins);
                    let mut sum = slopes[0];
                    for &slope in &slopes[1..] {
                        sum = sum.plus(simd, slope);
                    }
                    let more = simd.mul_f32s(sum.turns(simd), growth);
                    turns = less_whole_turns(simd, simd.add_f32s(turns, more));
                }
                let stretched = Complexes::cis(simd, turns);
                weights[bin - first] = self.turn(simd, lane, bin, stretched);
            }
            for bin in some {
                self.relate(simd, lane, bin, weights[bin - first]);
            }
        }
    }

    /// By how much the phase of a bin is ahead of the one below, weighted by their size: −2π / n_fft
    /// times the delay of what they hold.
    #[inline(always)]
    fn slope<S: Simd>(&self, simd: S, lane: usize, bin: usize, bins: usize) -> Complexes<S> {
        let mut sum = Complexes::splat(simd, 0.0, 0.0);
        if bin < bins {
            for [rows, _] in self.channels.iter() {
                let here = part::<S>(&rows[bin], FIRST + lane);
                let below = part::<S>(&rows[bin - 1], FIRST + lane);
                sum = sum.plus(simd, here.against(simd, below));
            }
        }
        sum
    }

    /// Turns a bin to where its delays are stretched, and makes the earlier frames the advance of
    /// the phase since then, weighted by the energy as a share of the larger one; the energy.
    #[inline(always)]
    fn turn<S: Simd>(
        &mut self,
        simd: S,
        lane: usize,
        bin: usize,
        stretched: Complexes<S>,
    ) -> S::f32s {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let (mut now, mut earlier) = (zero, zero);
        for [rows, earlier_rows] in self.channels.iter() {
            let x = part::<S>(&rows[bin], FIRST + lane);
            let p = part::<S>(&earlier_rows[bin], FIRST + lane);
            now = simd.add_f32s(now, x.power(simd));
            earlier = simd.add_f32s(earlier, p.power(simd));
        }
        let most = simd.max_f32s(now, earlier);
        // What is smaller has no reciprocal.
        let some = simd.less_than_f32s(simd.splat_f32s(f32::MIN_POSITIVE), most);
        let share = simd.div_f32s(
            simd.select_f32s(some, one, zero),
            simd.select_f32s(some, most, one),
        );
        for [rows, earlier_rows] in self.channels.iter_mut() {
            let (row, earlier_row) = (&mut rows[bin], &mut earlier_rows[bin]);
            let x = part::<S>(row, FIRST + lane);
            let p = part::<S>(earlier_row, FIRST + lane);
            put(row, FIRST + lane, x.times(simd, stretched));
            let advance = x.against(simd, p).scaled(simd, share);
            put(earlier_row, FIRST + lane, advance);
        }
        now
    }

    /// The phase went on by the advance in the sound; so it must from the frame before to this one.
    #[inline(always)]
    fn relate<S: Simd>(&mut self, simd: S, lane: usize, bin: usize, weight: S::f32s) {
        let mut step = Complexes::splat(simd, 0.0, 0.0);
        for [rows, advances] in self.channels.iter() {
            let turned = part::<S>(&rows[bin], FIRST + lane);
            let before = part::<S>(&rows[bin], FIRST + lane - 1);
            let advance = part::<S>(&advances[bin], FIRST + lane);
            let offset = before.against(simd, turned);
            step = step.plus(simd, offset.times(simd, advance));
        }
        let mut values = [[0.0; LANES]; 3];
        for (to, from) in values.iter_mut().zip([weight, step.re, step.im]) {
            store::<S>(to, 0, from);
        }
        let [weights, re, im] = &values;
        for (i, ((&weight, &re), &im)) in weights.iter().zip(re).zip(im).enumerate() {
            if i == S::F32_LANES {
                break;
            }
            let relation = &mut self.relations[place(bin, lane + i)];
            relation.weight[lane + i] = weight;
            relation.step[0][lane + i] = re;
            relation.step[1][lane + i] = im;
        }
    }
}

/// Writes a vector of a row.
#[inline(always)]
fn put<S: Simd>(row: &mut Row, at: usize, values: Complexes<S>) {
    store::<S>(&mut row[0], at, values.re);
    store::<S>(&mut row[1], at, values.im);
}

/// A vector of a row.
#[inline(always)]
pub(super) fn part<S: Simd>(row: &Row, at: usize) -> Complexes<S> {
    Complexes {
        re: load::<S>(&row[0], at),
        im: load::<S>(&row[1], at),
    }
}
