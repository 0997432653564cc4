//! Compositions that papers and systems use.

use serde::{Deserialize, Serialize};

use crate::{Fill, FrequencyMasking, SpectrogramAugmentation, TimeMasking, TimeWarp};

/// The policies of SpecAugment (Park et al., 2019, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecAugmentPolicy {
    /// LibriSpeech basic: W 80, F 27, T 100, one mask of each.
    Lb,
    /// LibriSpeech double: as the basic one with two masks of each.
    Ld,
    /// Switchboard mild: W 40, F 15, T 70, at most 0.2 of the frames, two masks of each.
    Sm,
    /// Switchboard strong: as the mild one with F 27.
    Ss,
}

impl SpectrogramAugmentation {
    /// SpecAugment: time warp, frequency masks, time masks, filled with the mean of the map.
    pub fn spec_augment(policy: SpecAugmentPolicy) -> Self {
        use SpecAugmentPolicy::{Lb, Ld, Sm, Ss};
        let (time_warp_param, freq_mask_param, time_mask_param, max_share, n_masks) = match policy {
            Lb => (80, 27, 100, 1.0, 1),
            Ld => (80, 27, 100, 1.0, 2),
            Sm => (40, 15, 70, 0.2, 2),
            Ss => (40, 27, 70, 0.2, 2),
        };
        let warp = TimeWarp {
            time_warp_param,
            ..TimeWarp::default()
        };
        let frequency = FrequencyMasking {
            freq_mask_param,
            n_masks,
            fill: Fill::Mean,
            ..FrequencyMasking::default()
        };
        let time = TimeMasking {
            time_mask_param,
            max_share,
            n_masks,
            fill: Fill::Mean,
            ..TimeMasking::default()
        };
        Self::in_order(vec![warp.into(), frequency.into(), time.into()])
    }

    /// A time mask of up to 80 frames and a frequency mask of up to 30 bins, filled with 0:
    /// `torchaudio.transforms.TimeMasking(80)` and `FrequencyMasking(30)`, as the spectrogram genre
    /// classifier with 35 classes has them.
    pub fn masks_80_30() -> Self {
        Self::in_order(vec![
            TimeMasking::default().into(),
            FrequencyMasking::default().into(),
        ])
    }
}
