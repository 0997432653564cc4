//! Earlier or later.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng};
use serde::{Deserialize, Serialize};

use super::resample_axis::resample_axis;
use crate::{Change, SpectrogramAugmentation, Uniform};

/// Earlier or later by whole frames; what leaves at one end comes in at the other: `torch.roll` along
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeRoll {
    /// How far, as a share of the frames, −1 to 1; later if positive. Default \[−0.5, 0.5\].
    pub shift: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TimeRoll {
    fn default() -> Self {
        Self {
            shift: Uniform::between(-0.5, 0.5),
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for TimeRoll {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        self.shift.check("time_roll", "shift", -1.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            shift: self.shift.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), map: FeatureMap) -> Result<FeatureMap> {
        let frames = map.len_of(Axis(2)) as f64;
        let by = (self.shift.value() * frames).round();
        let source = |frame: usize| (frame as f64 - by).rem_euclid(frames);
        Ok(resample_axis(&map, Axis(2), None, source))
    }
}
