//! Results that meet the same taps.

use std::ops::Range;

use super::axis::{Axis, Span};
use super::patch::Patch;
use crate::geometry::Geometry2d;

/// The results of one walk along both axes. A convolution has one phase, its input's gradient one
/// for each offset below the stride.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    /// Taps of other phases before its own in the order of the weights.
    pub(super) first: usize,
}

impl Phase {
    /// Places of the kernel in the order in which sums meet them.
    pub(super) fn taps(&self, window: &Geometry2d) -> Vec<usize> {
        let row = |y: usize| {
            let columns = self.columns.taps.iter();
            columns.map(move |x| y * window.kernel[1] + x.index)
        };
        self.rows.taps.iter().flat_map(|y| row(y.index)).collect()
    }

    /// What lines `lines` of results read.
    pub(super) fn patch(&self, lines: Range<usize>) -> Patch {
        let lines = lines.start..lines.end.min(self.rows.count);
        let (rows, columns) = (&self.rows, &self.columns);
        let [rows, columns] = match rows.taps.is_empty() || columns.taps.is_empty() {
            true => [Span::default(); 2],
            false => [rows.span(lines), columns.span(0..columns.count)],
        };
        Patch { rows, columns }
    }
}
