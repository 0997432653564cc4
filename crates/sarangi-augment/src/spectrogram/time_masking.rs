//! Frames covered.

use sarangi_core::{FeatureMap, Result, Rng, within};
use serde::{Deserialize, Serialize};

use super::mask::Mask;
use crate::noise::drawn_seed;
use crate::{Change, Fill, SpectrogramAugmentation};

/// Frames covered, as SpecAugment's time mask (Park et al., 2019) and `torchaudio.transforms.TimeMasking`.
///
/// The width t is uniform in 0, 1, …, T with T = min(`time_mask_param`, `max_share` · frames), the start
/// uniform among those at which it fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeMasking {
    /// The widest mask in frames. Default 80.
    pub time_mask_param: usize,
    /// The widest mask as a share of the frames, 0 to 1: p of the paper and of torchaudio. Default 1.
    pub max_share: f64,
    /// How many masks, 0 to 1000; they may overlap. Default 1.
    pub n_masks: usize,
    /// What covers the frames. Default 0.
    pub fill: Fill,
    /// The masks themselves, in place of `n_masks`; unless they are given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<Vec<Mask>>,
    /// From which random filling is drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TimeMasking {
    fn default() -> Self {
        Self {
            time_mask_param: 80,
            max_share: 1.0,
            n_masks: 1,
            fill: Fill::Value(0.0),
            masks: None,
            seed: None,
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for TimeMasking {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        within("time_masking", "max_share", self.max_share, 0.0..=1.0)?;
        self.fill.check("time_masking", "fill")?;
        Mask::check_all("time_masking", &self.masks, self.n_masks)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        let masks = Mask::draw_all(&self.masks, self.n_masks, rng);
        Self {
            n_masks: masks.len(),
            masks: Some(masks),
            seed: self.fill.seeded(|| drawn_seed(self.seed, rng)),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), mut map: FeatureMap) -> Result<FeatureMap> {
        let (_, bins, frames) = map.dim();
        let masks = self.masks.iter().flatten();
        let parts = masks.map(|mask| {
            (
                0..bins,
                mask.on(frames, self.time_mask_param, self.max_share),
            )
        });
        let parts: Vec<_> = parts.collect();
        self.fill.cover(&mut map, &parts, self.seed);
        Ok(map)
    }
}
