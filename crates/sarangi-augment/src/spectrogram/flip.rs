//! The map mirrored, in time or in frequency.

use ndarray::Axis;
use sarangi_core::FeatureMap;

use super::resample_axis::resample_axis;

crate::plain::plain! {
    /// The last frame first, as `torchvision.transforms.RandomHorizontalFlip`, whose p is 0.5.
    ///
    /// For pictures. Music that runs backwards swells where it was struck: no listener would give it the
    /// same label for sure. It is in no preset.
    HorizontalFlip in SpectrogramAugmentation: |map| Ok(mirrored(map, Axis(2)));

    /// The highest bin lowest, as `torchvision.transforms.RandomVerticalFlip`, whose p is 0.5.
    ///
    /// For pictures. No sound has such a spectrogram: harmonics would lie at falling distances below
    /// their fundamental. It is in no preset.
    VerticalFlip in SpectrogramAugmentation: |map| Ok(mirrored(map, Axis(1)));
}

fn mirrored(map: FeatureMap, axis: Axis) -> FeatureMap {
    let last = map.len_of(axis).saturating_sub(1);
    resample_axis(&map, axis, None, |i| (last - i) as f64)
}
