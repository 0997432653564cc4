//! Depthwise convolution: each channel has filters of its own.

mod correlation;
mod filter_gradient;
mod square;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use rayon::prelude::*;

use self::correlation::Correlation;
use super::buffer::Buffer;
use super::conv2d::Epilogue;
use super::norm::Tally;
use super::pictures::Pictures;
use super::source::Source;
use crate::geometry::Geometry2d;

/// The shapes of a depthwise convolution: channel c of the input has the `output.channels /
/// input.channels` channels of the output that begin at c times as many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depthwise {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    pub(crate) window: Geometry2d,
}

impl Depthwise {
    /// y, with the filter in torch's order (output channels, 1, kernel height, kernel width), and its
    /// parts' tallies.
    pub(crate) fn forward(
        &self,
        x: Source,
        filter: &[f32],
        epilogue: Epilogue<'_>,
        y: &mut [f32],
    ) -> Vec<Tally> {
        let expanded = self.expand(x);
        let plan = Correlation::forward(self, filter, epilogue);
        plan.run(expanded.as_ref().map_or(x, |x| Source::Stored(x)), y)
    }

    /// The gradient of x.
    pub(crate) fn backward_data(&self, dy: Source, filter: &[f32], dx: &mut [f32]) {
        let plan = Correlation::backward(self, filter);
        let multiplier = self.multiplier();
        if multiplier == 0 {
            return dx.fill(0.0);
        }
        if multiplier == 1 {
            plan.run(dy, dx);
            return;
        }
        let mut expanded = Buffer::stale(self.input.pixels() * self.output.channels);
        plan.run(dy, &mut expanded);
        dx.par_chunks_mut(self.input.row().max(1))
            .zip(expanded.par_chunks(self.expanded().row().max(1)))
            .for_each(|(dx, expanded)| {
                for (dx, copies) in dx.iter_mut().zip(expanded.chunks_exact(multiplier)) {
                    *dx = copies.iter().sum();
                }
            });
    }

    /// The gradient of the filter and, if wanted, of the shift.
    pub(crate) fn backward_filter(
        &self,
        x: Source,
        dy: Source,
        dfilter: &mut [f32],
        dbias: Option<&mut [f32]>,
    ) {
        let expanded = self.expand(x);
        let x = expanded.as_ref().map_or(x, |x| Source::Stored(x));
        filter_gradient::run(self, x, dy, dfilter, dbias);
    }

    fn multiplier(&self) -> usize {
        self.output.channels / self.input.channels.max(1)
    }

    /// The input with as many copies of each channel as it has filters: what all kernels work on.
    fn expanded(&self) -> Pictures {
        Pictures {
            channels: self.output.channels,
            ..self.input
        }
    }

    /// The input's copies, if there must be some.
    fn expand(&self, x: Source) -> Option<Buffer> {
        let multiplier = self.multiplier();
        if multiplier == 1 {
            return None;
        }
        let dense = match x.stored() {
            Some(x) => Cow::Borrowed(x),
            None => {
                let mut dense = vec![0.0; self.input.len()];
                x.materialise(self.input, &mut dense);
                Cow::Owned(dense)
            }
        };
        let mut copies = Buffer::stale(self.expanded().len());
        copies
            .par_chunks_mut(self.expanded().row().max(1))
            .zip(dense.par_chunks(self.input.row().max(1)))
            .for_each(|(copies, x)| {
                for (copies, &x) in copies.chunks_exact_mut(multiplier.max(1)).zip(x) {
                    copies.fill(x);
                }
            });
        Some(copies)
    }
}
