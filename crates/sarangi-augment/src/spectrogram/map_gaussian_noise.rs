//! Noise over a map.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng};
use serde::{Deserialize, Serialize};

use crate::noise::{drawn_seed, generator};
use crate::{Change, SpectrogramAugmentation, Uniform};

/// White normal noise over a map: y = x + sigma · n, as `torchvision.transforms.v2.GaussianNoise` without
/// clipping.
///
/// Each channel has a noise of its own. It is noise of the picture, not of the sound, which is
/// [`WaveformAugmentation`](crate::WaveformAugmentation)'s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapGaussianNoise {
    /// Standard deviation in the map's unit, 0 to 1e6. Default \[0.01, 0.1\], for maps that were
    /// standardised.
    pub sigma: Uniform,
    /// From which the values are drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for MapGaussianNoise {
    fn default() -> Self {
        Self {
            sigma: Uniform::between(0.01, 0.1),
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for MapGaussianNoise {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        self.sigma.check("gaussian_noise", "sigma", 0.0..=1e6)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            sigma: self.sigma.draw(rng),
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), mut map: FeatureMap) -> Result<FeatureMap> {
        let sigma = self.sigma.value();
        for (channel, mut plane) in map.axis_iter_mut(Axis(0)).enumerate() {
            let mut rng = generator(self.seed, channel);
            // Bin by bin, however the map lies in memory.
            for x in &mut plane {
                *x += (sigma * rng.normal()) as f32;
            }
        }
        Ok(map)
    }
}
