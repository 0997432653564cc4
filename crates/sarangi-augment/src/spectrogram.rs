//! Transforms of spectrograms.

mod area;
mod border;
mod fill;
mod flip;
mod frequency_shift;
mod map_gaussian_noise;
mod mask;
mod masking;
mod presets;
mod random_erasing;
mod random_resized_crop;
mod resample_axis;
mod resize_noise;
mod time_roll;
mod time_warp;
mod zoom_shift;

pub use border::FillMode;
pub use fill::Fill;
pub use flip::{HorizontalFlip, VerticalFlip};
pub use frequency_shift::FrequencyShift;
pub use map_gaussian_noise::MapGaussianNoise;
pub use mask::Mask;
pub use masking::{FrequencyMasking, TimeMasking};
pub use presets::SpecAugmentPolicy;
pub use random_erasing::RandomErasing;
pub use random_resized_crop::RandomResizedCrop;
pub use resize_noise::ResizeNoise;
pub use time_roll::TimeRoll;
pub use time_warp::TimeWarp;
pub use zoom_shift::ZoomShift;

use sarangi_core::{Error, FeatureMap, Result};

crate::family::family! {
    /// Any transform of a spectrogram, or of another map of (channels, bins, frames), or a composition
    /// of several: what a recipe stores and a program is asked for.
    ///
    /// None changes the shape, and all channels are changed alike, so that what is beside each other in
    /// a stack stays there.
    ///
    /// Serialised as the transform's fields with `type` beside them, for example
    /// `{"type": "time_masking", "time_mask_param": 80, "p": 0.5}`.
    SpectrogramAugmentation of FeatureMap, planned for (), checked by check:
    "time-masking", "time_masking", "frames covered": TimeMasking;
    "frequency-masking", "frequency_masking", "bins covered": FrequencyMasking;
    "time-warp", "time_warp", "earlier or later in the middle than at both ends": TimeWarp;
    "time-roll", "time_roll", "earlier or later, rolling over": TimeRoll;
    "frequency-shift", "frequency_shift", "higher or lower by whole bins": FrequencyShift;
    "zoom-shift", "zoom_shift", "larger or smaller, and elsewhere": ZoomShift;
    "random-erasing", "random_erasing", "a rectangle covered": RandomErasing;
    "resize-noise", "resize_noise", "smaller and back, without the details": ResizeNoise;
    "gaussian-noise", "gaussian_noise", "white noise over the map": MapGaussianNoise;
    "random-resized-crop", "random_resized_crop", "a rectangle as large as the map (for pictures)": RandomResizedCrop;
    "horizontal-flip", "horizontal_flip", "the last frame first (for pictures)": HorizontalFlip;
    "vertical-flip", "vertical_flip", "the highest bin lowest (for pictures)": VerticalFlip;
}

/// A map that holds NaN or infinity is refused.
fn check((): (), map: &FeatureMap) -> Result<()> {
    // Where it is, only if there is something: most of the time nothing is.
    if map.iter().all(|x| x.is_finite()) {
        return Ok(());
    }
    match map.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((channel, bin, frame), x)) => Err(Error::shape(
            "augmentation",
            "values that are finite numbers",
            format_args!("{x} in frame {frame} of bin {bin} of channel {channel}"),
        )),
        None => Ok(()),
    }
}
