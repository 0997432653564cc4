//! How a window walks along one axis, in either direction.

use std::ops::Range;

use crate::geometry::Geometry2d;

/// Result `first + every · t`, for t below `count`, is a sum over the taps of what lies at
/// `t · step + tap.offset`; positions outside the source count as zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) count: usize,
    pub(super) first: usize,
    pub(super) every: usize,
    pub(super) step: usize,
    /// In the order of their offsets.
    pub(super) taps: Vec<Tap>,
}

/// A tap of the window that an [`Axis`] meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    pub(super) offset: isize,
    /// Which of the kernel's taps on this axis it is.
    pub(super) index: usize,
}

impl Axis {
    /// From input to output, of which there are `count` positions.
    pub(super) fn forward(window: &Geometry2d, axis: usize, count: usize) -> Self {
        let tap = |index| Tap {
            offset: (index * window.dilation[axis]) as isize - window.padding[axis] as isize,
            index,
        };
        Self {
            count,
            first: 0,
            every: 1,
            step: window.stride[axis],
            taps: (0..window.kernel[axis]).map(tap).collect(),
        }
    }

    /// From the output's gradient to that of those of `size` input positions that are `phase`
    /// modulo the stride: input i meets tap k at output (i + padding − k · dilation) / stride, if
    /// that is whole.
    pub(super) fn backward(window: &Geometry2d, axis: usize, size: usize, phase: usize) -> Self {
        let stride = window.stride[axis];
        let tap = |index| {
            let distance =
                (phase + window.padding[axis]) as isize - (index * window.dilation[axis]) as isize;
            let whole = distance.rem_euclid(stride as isize) == 0;
            whole.then_some(Tap {
                offset: distance.div_euclid(stride as isize),
                index,
            })
        };
        Self {
            count: size.saturating_sub(phase).div_ceil(stride),
            first: phase,
            every: stride,
            step: 1,
            taps: (0..window.kernel[axis]).rev().filter_map(tap).collect(),
        }
    }

    /// Which of the taps lie inside a source of `size` positions for result `t`. They are
    /// neighbours, since taps are in the order of their offsets.
    pub(super) fn taps_inside(&self, t: usize, size: usize) -> Range<usize> {
        let at = (t * self.step) as isize;
        let before = |limit: isize| self.taps.partition_point(|tap| at + tap.offset < limit);
        let first = before(0);
        first..before(size as isize).max(first)
    }

    /// Which of results `of` meet a tap inside a source of `size` positions.
    pub(super) fn results_inside(&self, tap: Tap, of: Range<usize>, size: usize) -> Range<usize> {
        let until = |limit: isize| {
            let distance = (limit - tap.offset).max(0) as usize;
            distance.div_ceil(self.step).clamp(of.start, of.end)
        };
        until(0)..until(size as isize)
    }

    /// The positions of the source that results `of` meet. Where there is one tap, those between
    /// are left out; where there are more, a stride leaves out few.
    pub(super) fn span(&self, of: Range<usize>) -> Span {
        let (Some(first), Some(last)) = (self.taps.first(), self.taps.last()) else {
            return Span::default();
        };
        if of.is_empty() {
            return Span::default();
        }
        let start = (of.start * self.step) as isize + first.offset;
        if self.taps.len() == 1 {
            return Span {
                start,
                count: of.len(),
                every: self.step,
            };
        }
        let end = ((of.end - 1) * self.step) as isize + last.offset + 1;
        Span {
            start,
            count: (end - start) as usize,
            every: 1,
        }
    }
}

/// Positions `start + i · every` on an axis of the source, some of them perhaps outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: isize,
    pub(super) count: usize,
    pub(super) every: usize,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            start: 0,
            count: 0,
            every: 1,
        }
    }
}

impl Span {
    /// One past the last position.
    fn end(self) -> isize {
        match self.count {
            0 => self.start,
            count => self.start + ((count - 1) * self.every) as isize + 1,
        }
    }

    /// The smallest span that holds both; of several positions each, neither leaves any out.
    pub(super) fn and(self, other: Self) -> Self {
        match (self.count, other.count) {
            (0, _) => return other,
            (_, 0) => return self,
            _ => {}
        }
        let start = self.start.min(other.start);
        Self {
            start,
            count: (self.end().max(other.end()) - start) as usize,
            every: 1,
        }
    }

    /// Which i give positions below `size`.
    pub(super) fn inside(self, size: usize) -> Range<usize> {
        let until = |position: isize| {
            let distance = (position - self.start).max(0) as usize;
            distance.div_ceil(self.every).min(self.count)
        };
        until(0)..until(size as isize)
    }
}
