//! The box that CutMix cuts out.

use sarangi_core::{Error, Result, Rng};
use serde::{Deserialize, Serialize};

/// A box of a map: from the first up to, but not including, the second of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutBox {
    /// Its bins.
    pub bins: [usize; 2],
    /// Its frames.
    pub frames: [usize; 2],
}

impl CutBox {
    /// A box of the share 1 − λ of the map, before it is cut at the edges.
    pub(super) fn draw((bins, frames): (usize, usize), lambda: f64, rng: &mut Rng) -> Self {
        let share = (1.0 - lambda).sqrt();
        let mut along = |len: usize| {
            let half = (share * len as f64) as usize / 2;
            let middle = rng.below(len);
            [middle.saturating_sub(half), (middle + half).min(len)]
        };
        Self {
            bins: along(bins),
            frames: along(frames),
        }
    }

    /// The share of the map outside.
    pub(super) fn rest(&self, (bins, frames): (usize, usize)) -> f64 {
        let side = |[from, to]: [usize; 2]| (to - from) as f64;
        let all = bins as f64 * frames as f64;
        let inside = side(self.bins) * side(self.frames);
        1.0 - inside / all.max(1.0)
    }

    /// Refuses a box that is turned round or leaves the map.
    pub(super) fn check(&self, (bins, frames): (usize, usize)) -> Result<()> {
        let within = |[from, to]: [usize; 2], len: usize| from <= to && to <= len;
        if within(self.bins, bins) && within(self.frames, frames) {
            return Ok(());
        }
        let reason = format!(
            "must lie within {bins} bins and {frames} frames, got bins {:?} and frames {:?}",
            self.bins, self.frames
        );
        Err(Error::config("mix", "area", reason))
    }
}
