//! A rectangle covered.

use sarangi_core::{FeatureMap, Result, Rng};
use serde::{Deserialize, Serialize};

use super::area::rectangle;
use crate::noise::drawn_seed;
use crate::{Change, Fill, SpectrogramAugmentation, Uniform};

/// A rectangle covered, as `torchvision.transforms.RandomErasing` and timm's (Zhong et al., 2020).
///
/// Both draw again when the rectangle does not fit, and leave the map as it is after ten times; on a map
/// much longer than high that is the rule. Here the ratio moves to the nearest that fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomErasing {
    /// The area as a share of the map, 0 to 1. Default \[0.02, 0.33\].
    pub scale: Uniform,
    /// Bins by frames, 0.01 to 100, uniform on a logarithmic scale. Default \[0.3, 3.3\].
    pub ratio: Uniform,
    /// Which bins: 0 for the lowest at which it fits, 1 for the highest. Default \[0, 1\].
    pub bin_location: Uniform,
    /// Which frames: 0 for the first at which it fits, 1 for the last. Default \[0, 1\].
    pub frame_location: Uniform,
    /// What covers it; timm's `pixel` is `random`. Default 0.
    pub value: Fill,
    /// From which a random filling is drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1; torchvision's is 0.5.
    pub p: f64,
}

impl Default for RandomErasing {
    fn default() -> Self {
        Self {
            scale: Uniform::between(0.02, 0.33),
            ratio: Uniform::between(0.3, 3.3),
            bin_location: Uniform::between(0.0, 1.0),
            frame_location: Uniform::between(0.0, 1.0),
            value: Fill::Value(0.0),
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for RandomErasing {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        const SPEC: &str = "random_erasing";
        self.scale.check(SPEC, "scale", 0.0..=1.0)?;
        self.ratio.check(SPEC, "ratio", 0.01..=100.0)?;
        self.bin_location.check(SPEC, "bin_location", 0.0..=1.0)?;
        self.frame_location
            .check(SPEC, "frame_location", 0.0..=1.0)?;
        self.value.check(SPEC, "value")
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            scale: self.scale.draw(rng),
            ratio: self.ratio.draw_octaves(rng),
            bin_location: self.bin_location.draw(rng),
            frame_location: self.frame_location.draw(rng),
            seed: self.value.seeded(|| drawn_seed(self.seed, rng)),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), mut map: FeatureMap) -> Result<FeatureMap> {
        let (_, bins, frames) = map.dim();
        let part = rectangle(
            (bins, frames),
            (self.scale.value(), 0),
            self.ratio.value(),
            [self.bin_location.value(), self.frame_location.value()],
        );
        self.value.cover(&mut map, &[part], self.seed);
        Ok(map)
    }
}
