//! Batches whose axes change places, and parts of them.

use rayon::prelude::*;

use super::pictures::Pictures;
use super::tasks::VALUES;

/// Writes `x`, of shape `from`, with its axes in the order `axes`: axis k of `y` is axis `axes[k]`
/// of `x`. They count (batch, channels, height, width), and are all different.
pub(crate) fn permute(x: &[f32], from: Pictures, axes: [usize; 4], y: &mut [f32]) {
    let of = permuted(from, axes);
    let strides = [from.image(), 1, from.row(), from.channels];
    let [batch, channels, height, width] = axes.map(|axis| strides[axis]);
    if y.is_empty() {
        return;
    }
    let write = |(row, y): (usize, &mut [f32])| {
        let first = row / of.height * batch + row % of.height * height;
        for (column, y) in y.chunks_exact_mut(of.channels).enumerate() {
            let first = first + column * width;
            let places = y.iter_mut().enumerate();
            places.for_each(|(channel, y)| *y = x[first + channel * channels]);
        }
    };
    let rows = y.par_chunks_exact_mut(of.row()).enumerate();
    rows.with_min_len(VALUES / of.row().min(VALUES))
        .for_each(write);
}

/// The shape of what [`permute`] writes.
pub(crate) fn permuted(from: Pictures, axes: [usize; 4]) -> Pictures {
    let sizes = [from.batch, from.channels, from.height, from.width];
    let [batch, channels, height, width] = axes.map(|axis| sizes[axis]);
    Pictures {
        batch,
        height,
        width,
        channels,
    }
}

/// A part of a batch: of every `period` values, `length` from `start` on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    period: usize,
    start: usize,
    length: usize,
}

impl Part {
    /// The part that takes `length` places from `start` on of one axis; axes count (batch,
    /// channels, height, width).
    pub(crate) fn new(from: Pictures, axis: usize, start: usize, length: usize) -> Self {
        let (size, inner) = match axis {
            0 => (from.batch, from.image()),
            1 => (from.channels, 1),
            2 => (from.height, from.row()),
            _ => (from.width, from.channels),
        };
        Self {
            period: size * inner,
            start: start * inner,
            length: length * inner,
        }
    }

    /// Copies the part of `x` to `y`.
    pub(crate) fn copy(&self, x: &[f32], y: &mut [f32]) {
        let parts = x.chunks_exact(self.period.max(1));
        for (x, y) in parts.zip(y.chunks_exact_mut(self.length.max(1))) {
            y.copy_from_slice(&x[self.start..self.start + self.length]);
        }
    }

    /// Copies `y` into the part of `x`.
    pub(crate) fn copy_back(&self, y: &[f32], x: &mut [f32]) {
        let parts = x.chunks_exact_mut(self.period.max(1));
        for (x, y) in parts.zip(y.chunks_exact(self.length.max(1))) {
            x[self.start..self.start + self.length].copy_from_slice(y);
        }
    }
}
