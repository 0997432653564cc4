//! Time bent.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng};
use serde::{Deserialize, Serialize};

use super::resample_axis::resample_axis;
use crate::{Change, SpectrogramAugmentation, Uniform};

/// Time bent, as SpecAugment's time warp (Park et al., 2019) without its spline across frequency.
///
/// The frame c comes to c + w, both ends stay, and between them time runs evenly; frames are
/// interpolated linearly. c is uniform in \[W, frames − 1 − W\], w in \[−W, W\]. Where there are too few
/// frames, W is the half of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeWarp {
    /// The farthest in frames, W of the paper. Default 80.
    pub time_warp_param: usize,
    /// w as a share of W, −1 to 1; later if positive. Default \[−1, 1\].
    pub distance: Uniform,
    /// c: 0 for the first frame that can be moved, 1 for the last. Default \[0, 1\].
    pub location: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TimeWarp {
    fn default() -> Self {
        Self {
            time_warp_param: 80,
            distance: Uniform::between(-1.0, 1.0),
            location: Uniform::between(0.0, 1.0),
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for TimeWarp {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        self.distance.check("time_warp", "distance", -1.0..=1.0)?;
        self.location.check("time_warp", "location", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            distance: self.distance.draw(rng),
            location: self.location.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), map: FeatureMap) -> Result<FeatureMap> {
        let last = map.len_of(Axis(2)).saturating_sub(1) as f64;
        let most = (self.time_warp_param as f64).min(last / 2.0);
        let from = most + self.location.value() * (last - 2.0 * most);
        let to = from + self.distance.value() * most;
        let source = |frame: usize| {
            let frame = frame as f64;
            // Before the frame that moves one slope, after it another; either part may be empty.
            match frame < to {
                true => frame * from / to,
                false if to < last => from + (frame - to) * (last - from) / (last - to),
                false => last,
            }
        };
        Ok(resample_axis(&map, Axis(2), None, source))
    }
}
