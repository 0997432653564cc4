//! Smaller and back.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng};
use sarangi_dsp::resize_bilinear;
use serde::{Deserialize, Serialize};

use crate::{Change, SpectrogramAugmentation, Uniform};

/// Made smaller and as large as before, both bilinear and without smoothing: the details are gone, some
/// in a wrong place, as in a spectrogram of coarser settings. `albumentations.Downscale` with bilinear
/// interpolation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResizeNoise {
    /// How small, as a factor of both sides, 0.01 to 1; a side has at least one value. Default
    /// \[0.5, 1\].
    pub scale: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ResizeNoise {
    fn default() -> Self {
        Self {
            scale: Uniform::between(0.5, 1.0),
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for ResizeNoise {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        self.scale.check("resize_noise", "scale", 0.01..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            scale: self.scale.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), mut map: FeatureMap) -> Result<FeatureMap> {
        if map.is_empty() {
            return Ok(map);
        }
        let (_, bins, frames) = map.dim();
        let smaller = |len: usize| ((self.scale.value() * len as f64).round() as usize).max(1);
        let size = (smaller(bins), smaller(frames));
        if size == (bins, frames) {
            return Ok(map);
        }
        for mut plane in map.axis_iter_mut(Axis(0)) {
            let small = resize_bilinear(plane.view(), size)?;
            plane.assign(&resize_bilinear(small.view(), (bins, frames))?);
        }
        Ok(map)
    }
}
