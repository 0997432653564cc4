//! Frames or bins covered.

use sarangi_core::{FeatureMap, Result, Rng, within};
use serde::{Deserialize, Serialize};

use super::mask::Mask;
use crate::noise::drawn_seed;
use crate::{Change, Fill, SpectrogramAugmentation};

macro_rules! masking {
    (
        $(#[$doc:meta])* $name:ident, $spec:literal:
        $widest:ident = $default:literal $what:literal,
        |$on:ident, $bins:ident, $frames:ident| $area:expr
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("The width is uniform in 0, 1, …, min(`", stringify!($widest), "`, `max_share` · ")]
        #[doc = concat!($what, "), the start uniform among those at which it fits.")]
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            #[doc = concat!("The widest mask in ", $what, ". Default ", $default, ".")]
            pub $widest: usize,
            #[doc = concat!("The widest mask as a share of the ", $what, ", 0 to 1: p of the paper and of")]
            /// torchaudio. Default 1.
            pub max_share: f64,
            /// How many masks, 0 to 1000; they may overlap. Default 1.
            pub n_masks: usize,
            #[doc = concat!("What covers the ", $what, ". Default 0.")]
            pub fill: Fill,
            /// The masks themselves, in place of `n_masks`; unless they are given, each example has its
            /// own.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub masks: Option<Vec<Mask>>,
            /// From which random filling is drawn; unless it is given, each example has its own.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub seed: Option<u64>,
            /// How likely it is that an example is changed. Default 1.
            pub p: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $widest: $default,
                    max_share: 1.0,
                    n_masks: 1,
                    fill: Fill::Value(0.0),
                    masks: None,
                    seed: None,
                    p: 1.0,
                }
            }
        }

        impl Change<SpectrogramAugmentation> for $name {
            type Plan = ();

            fn p(&self) -> f64 {
                self.p
            }

            fn plan(&self, (): ()) -> Result<()> {
                within($spec, "max_share", self.max_share, 0.0..=1.0)?;
                self.fill.check($spec, "fill")?;
                Mask::check_all($spec, &self.masks, self.n_masks)
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
                let (_, $bins, $frames) = map.dim();
                let $on = |mask: &Mask, len| mask.on(len, self.$widest, self.max_share);
                let parts = self.masks.iter().flatten().map($area);
                let parts: Vec<_> = parts.collect();
                self.fill.cover(&mut map, &parts, self.seed);
                Ok(map)
            }
        }
    };
}

masking! {
    /// Frames covered, as SpecAugment's time mask (Park et al., 2019) and
    /// `torchaudio.transforms.TimeMasking`.
    TimeMasking, "time_masking": time_mask_param = 80 "frames",
    |on, bins, frames| |mask| (0..bins, on(mask, frames))
}

masking! {
    /// Bins covered, as SpecAugment's frequency mask (Park et al., 2019) and
    /// `torchaudio.transforms.FrequencyMasking`.
    FrequencyMasking, "frequency_masking": freq_mask_param = 30 "bins",
    |on, bins, frames| |mask| (on(mask, bins), 0..frames)
}
