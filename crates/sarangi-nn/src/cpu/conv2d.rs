//! Convolution of channels-last pictures: its entry points, which choose the algorithm by shape.

#[cfg(test)]
mod tests;

use super::depthwise::Depthwise;
use super::direct;
use super::map::Activation;
use super::norm::Tally;
use super::pictures::Pictures;
use super::source::Source;
use super::winograd::Winograd;
use crate::geometry::Geometry2d;

/// One convolution's shapes, checked by the operation that makes it: the output is as large as
/// [`Geometry2d::output`] says, and the groups divide both numbers of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    pub(crate) window: Geometry2d,
    pub(crate) groups: usize,
}

/// What else happens to a result as it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Epilogue<'a> {
    /// What the sums of each output channel begin with.
    pub(crate) bias: Option<&'a [f32]>,
    /// The activation behind which the results' [`Tally`] is wanted, if it is.
    pub(crate) tally: Option<Activation>,
}

impl Epilogue<'_> {
    /// The tally of some whole pixels of the result, if it is wanted.
    pub(crate) fn tally(&self, y: &[f32], channels: usize) -> Option<Tally> {
        let activation = self.tally?;
        Some(Tally::of(y, channels, activation))
    }
}

/// What computes it, beside direct sums, which compute everything.
enum Special {
    Depthwise(Depthwise),
    Winograd(Winograd),
}

impl Conv {
    /// y from x and the filter (out, in / groups, height, width), and the tallies of its parts in
    /// their order, if they are wanted.
    pub(crate) fn forward(
        &self,
        x: Source<'_>,
        filter: &[f32],
        epilogue: Epilogue<'_>,
        y: &mut [f32],
    ) -> Vec<Tally> {
        match self.special() {
            Some(Special::Depthwise(c)) => c.forward(x, filter, epilogue, y),
            Some(Special::Winograd(c)) if c.pays_forward() => c.forward(x, filter, epilogue, y),
            _ => direct::forward(self, x, filter, epilogue, y),
        }
    }

    /// The gradient of x, all of which is written.
    pub(crate) fn backward_data(&self, dy: Source<'_>, filter: &[f32], dx: &mut [f32]) {
        match self.special() {
            Some(Special::Depthwise(c)) => c.backward_data(dy, filter, dx),
            Some(Special::Winograd(c)) if c.pays_backward_data() => {
                c.backward_data(dy, filter, dx);
            }
            _ => direct::backward_data(self, dy, filter, dx),
        }
    }

    /// The gradients of the filter and of a bias, all of which are written.
    pub(crate) fn backward_filter(
        &self,
        x: Source<'_>,
        dy: Source<'_>,
        dfilter: &mut [f32],
        dbias: Option<&mut [f32]>,
    ) {
        match self.special() {
            Some(Special::Depthwise(c)) => c.backward_filter(x, dy, dfilter, dbias),
            Some(Special::Winograd(c)) if c.pays_backward_filter() => {
                c.backward_filter(x, dy, dfilter, dbias);
            }
            _ => direct::backward_filter(self, x, dy, dfilter, dbias),
        }
    }

    fn special(&self) -> Option<Special> {
        let (input, output, window) = (self.input, self.output, self.window);
        if self.groups > 1 && self.groups == input.channels {
            return Some(Special::Depthwise(Depthwise {
                input,
                output,
                window,
            }));
        }
        let padding = window.padding;
        let small = Geometry2d {
            padding,
            ..Geometry2d::square(3)
        };
        let fits = self.groups == 1 && window == small && padding.iter().all(|&p| p <= 2);
        fits.then_some(Special::Winograd(Winograd {
            input,
            output,
            padding,
        }))
    }
}
