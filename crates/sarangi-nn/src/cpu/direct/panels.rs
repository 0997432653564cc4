//! Channels in panels, each as wide as a tile.

use super::super::buffer::Buffer;
use super::super::simd::Lanes;
use super::super::tile::panel;

/// The channels that panels make of a convolution's result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panels {
    groups: usize,
    /// Channels of a group.
    channels: usize,
    pub(super) width: usize,
}

/// One panel's channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) group: usize,
    /// The first channel, counted over all groups.
    pub(super) first: usize,
    pub(super) columns: usize,
}

impl Panels {
    pub(super) fn new(groups: usize, channels: usize, width: usize) -> Self {
        Self {
            groups,
            channels: channels / groups,
            width,
        }
    }

    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    pub(super) fn per_group(&self) -> usize {
        self.channels.div_ceil(self.width)
    }

    pub(super) fn count(&self) -> usize {
        self.groups * self.per_group()
    }

    pub(super) fn get(&self, index: usize) -> Panel {
        let (group, at) = (
            index / self.per_group(),
            index % self.per_group() * self.width,
        );
        Panel {
            group,
            first: group * self.channels + at,
            columns: self.width.min(self.channels - at),
        }
    }

    /// One value per channel as one row per panel.
    pub(super) fn row(&self, values: &[f32]) -> Buffer {
        let mut out = Buffer::zeros(self.count() * self.width);
        for (i, out) in out.chunks_exact_mut(self.width).enumerate() {
            let panel = self.get(i);
            out[..panel.columns].copy_from_slice(&values[panel.first..][..panel.columns]);
        }
        out
    }
}

impl Panel {
    /// Copies its channels of `from`, which holds those of all panels, to the start of `to`, which is
    /// as wide as a panel; zeros where there are no more.
    #[inline(always)]
    pub(super) fn copy<S: Lanes>(&self, _: S, from: &[f32], to: &mut [f32]) {
        if self.columns == panel::<S>() {
            // A copy of known length is two instructions.
            to[..panel::<S>()].copy_from_slice(&from[self.first..][..panel::<S>()]);
        } else {
            let (to, zeros) = to.split_at_mut(self.columns);
            to.copy_from_slice(&from[self.first..][..self.columns]);
            zeros.fill(0.0);
        }
    }
}
