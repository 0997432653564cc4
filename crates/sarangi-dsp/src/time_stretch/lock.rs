//! Offsets of phase that keep frequencies and shapes.

use pulp::Simd;

use super::phases::{FIRST, LAG, Row};
use super::relate::{Relation, part};
use crate::complexes::Complexes;
use crate::lanes::LANES;
use crate::simd::{Kernel, load, store};

/// A bin listens to its neighbours at a distance of one and of this many bins.
pub(super) const LONG: usize = 4;

/// The offset of one bin of each of sixteen frames, exp(iφ).
pub(super) type Locked = Row;

/// From relations to offsets; see [`TimeStretch`](crate::TimeStretch) for what is computed.
///
/// A bin needs those below it in its frame, and those above it in the frame before. Frames that each
/// trail the one before by some bins can therefore go side by side, which is what the rows are for:
/// row t holds bin t − [`LAG`] · (lane + 1) of each frame.
pub(super) struct Lock<'a> {
    pub(super) relations: &'a [Relation],
    pub(super) locked: &'a mut [Locked],
    pub(super) bins: usize,
}

impl Kernel for Lock<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for lane in (0..LANES).step_by(S::F32_LANES) {
            let first = (lane + 1) * LAG;
            let last = first + self.bins + (S::F32_LANES - 1) * LAG;
            let mut below = Complexes::splat(simd, 0.0, 0.0);
            for row in first..last {
                let near = self.above(simd, lane, row, 1);
                let far = self.above(simd, lane, row, LONG);
                let far_below = part::<S>(&self.locked[row - LONG], FIRST + lane);
                let far_below = far_below.scaled(simd, self.weight::<S>(lane, row - LONG));
                let others = near.plus(simd, far).plus(simd, far_below);
                let below_too = below.scaled(simd, self.weight::<S>(lane, row - 1));
                below = others.plus(simd, below_too).unit(simd);
                let offsets = &mut self.locked[row];
                store::<S>(&mut offsets[0], FIRST + lane, below.re);
                store::<S>(&mut offsets[1], FIRST + lane, below.im);
            }
        }
    }
}

impl Lock<'_> {
    /// What the frame before says at a `distance` above.
    #[inline(always)]
    fn above<S: Simd>(&self, simd: S, lane: usize, row: usize, distance: usize) -> Complexes<S> {
        let relation = &self.relations[row + distance];
        let step = Complexes {
            re: load::<S>(&relation.step[0], lane),
            im: load::<S>(&relation.step[1], lane),
        };
        // The frame before was at the same bin a lag earlier, a lane further down.
        let before = &self.locked[row + distance - LAG];
        part::<S>(before, FIRST + lane - 1).times(simd, step)
    }

    #[inline(always)]
    fn weight<S: Simd>(&self, lane: usize, row: usize) -> S::f32s {
        load::<S>(&self.relations[row].weight, lane)
    }
}
