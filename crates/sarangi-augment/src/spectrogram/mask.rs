//! Stripes over a map, as both masks of SpecAugment draw them.

use std::ops::Range;

use sarangi_core::{Error, Result, Rng, within};
use serde::{Deserialize, Serialize};

/// One mask, whatever the size of the map is.
///
/// Its width is one of 0, 1, …, widest, its start one of those at which it fits: both are shares that
/// choose among these.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Which width: 0 for none, 1 for the widest.
    pub width: f64,
    /// Which start: 0 for the first that fits, 1 for the last.
    pub location: f64,
}

/// At most this many masks: more cover everything, and a file must not ask for memory without end.
pub(super) const MOST: usize = 1_000;

impl Mask {
    pub(super) fn draw_all(given: &Option<Vec<Self>>, count: usize, rng: &mut Rng) -> Vec<Self> {
        let mut draw = || Self {
            width: rng.uniform(),
            location: rng.uniform(),
        };
        match given {
            Some(masks) => masks.clone(),
            None => (0..count).map(|_| draw()).collect(),
        }
    }

    pub(super) fn check_all(
        spec: &'static str,
        masks: &Option<Vec<Self>>,
        count: usize,
    ) -> Result<()> {
        within(spec, "n_masks", count, 0..=MOST)?;
        let outside = masks.iter().flatten().find(|mask| {
            !(0.0..=1.0).contains(&mask.width) || !(0.0..=1.0).contains(&mask.location)
        });
        if let Some(mask) = outside {
            let reason = format!(
                "width and location must be 0 to 1, got {} and {}",
                mask.width, mask.location
            );
            return Err(Error::config(spec, "masks", reason));
        }
        Ok(())
    }

    /// What it covers of an axis.
    pub(super) fn on(self, len: usize, widest: usize, share: f64) -> Range<usize> {
        let widest = widest.min((share * len as f64) as usize).min(len);
        let width = choose(self.width, widest + 1);
        let start = choose(self.location, len - width + 1);
        start..start + width
    }
}

/// One of 0, 1, …, `count` − 1, all alike likely if the share is uniform.
pub(super) fn choose(share: f64, count: usize) -> usize {
    ((share * count as f64) as usize).min(count.saturating_sub(1))
}
