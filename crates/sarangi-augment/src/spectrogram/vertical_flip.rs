//! Upside down.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng};
use serde::{Deserialize, Serialize};

use super::resample_axis::resample_axis;
use crate::{Change, SpectrogramAugmentation};

/// The highest bin lowest, as `torchvision.transforms.RandomVerticalFlip`.
///
/// For pictures. No sound has such a spectrogram: harmonics would lie at falling distances below their
/// fundamental. It is in no preset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerticalFlip {
    /// How likely it is that an example is changed. Default 1; torchvision's is 0.5.
    pub p: f64,
}

impl Default for VerticalFlip {
    fn default() -> Self {
        Self { p: 1.0 }
    }
}

impl Change<SpectrogramAugmentation> for VerticalFlip {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        Ok(())
    }

    fn draw(&self, (): &(), _: &mut Rng) -> Self {
        Self { p: 1.0 }
    }

    fn apply(&self, (): &(), map: FeatureMap) -> Result<FeatureMap> {
        let len = map.len_of(Axis(1));
        let source = |i: usize| (len - 1 - i) as f64;
        Ok(resample_axis(&map, Axis(1), None, source))
    }
}
