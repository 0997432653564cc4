//! Features that hear each channel by itself.

use std::fmt::Debug;

use ndarray::{Array3, Axis};
use sarangi_core::{Error, FeatureMap, Result, SampleRate, Waveform};

use crate::OfPower;

/// A planned feature of one channel of sound, from samples to a matrix (bins, frames).
///
/// Every plan of this crate is one, and through it a [`Feature`](sarangi_core::Feature) of a
/// [`Waveform`], whose channels are processed one by one; only those that make several maps of one
/// sound take mono alone. [`compute_into`](Self::compute_into) writes into memory of the caller;
/// working memory comes from a pool inside the plan.
pub trait ChannelFeature: Debug + Send + Sync {
    /// The name under which errors speak of it, such as `mfcc`.
    fn name(&self) -> &'static str;

    /// The sampling rate that it was built for.
    fn rate(&self) -> SampleRate;

    /// Rows of the matrix.
    fn bins(&self) -> usize;

    /// Columns of the matrix of a sound of `samples` samples; 0 if that is too short.
    fn frames(&self, samples: usize) -> usize;

    /// Computes the matrix of one channel.
    ///
    /// # Shapes
    /// `out` is row-major (bins, frames of `samples.len()`).
    ///
    /// # Errors
    /// [`Error::Shape`] if `out` is not so or the sound is too short.
    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()>;

    /// The same feature as one of a power spectrogram that others may share, if it is one.
    fn of_power(&self) -> Option<&dyn OfPower> {
        None
    }
}

/// The map (channels, bins, frames) of a sound.
pub(crate) fn apply(feature: &dyn ChannelFeature, wave: &Waveform) -> Result<FeatureMap> {
    expect_rate(feature.name(), feature.rate(), wave)?;
    let frames = feature.frames(wave.len());
    if frames == 0 {
        return Err(Error::shape(
            feature.name(),
            "a sound of at least one frame",
            format_args!("{} samples", wave.len()),
        ));
    }
    let mut map = Array3::zeros((wave.channels(), feature.bins(), frames));
    for (index, mut matrix) in map.axis_iter_mut(Axis(0)).enumerate() {
        if let Some(out) = matrix.as_slice_mut() {
            feature.compute_into(wave.channel(index)?, out)?;
        }
    }
    Ok(map)
}

/// The samples of a sound for a feature that hears no more than one channel.
pub(crate) fn mono<'a>(
    name: &'static str,
    rate: SampleRate,
    wave: &'a Waveform,
) -> Result<&'a [f32]> {
    if wave.channels() != 1 {
        return Err(Error::shape(
            name,
            "mono sound (downmix first)",
            format_args!("{} channels", wave.channels()),
        ));
    }
    expect_rate(name, rate, wave)?;
    wave.channel(0)
}

fn expect_rate(name: &'static str, rate: SampleRate, wave: &Waveform) -> Result<()> {
    if wave.rate() == rate {
        return Ok(());
    }
    Err(Error::shape(
        name,
        format_args!("sound at {rate} (resample it first)"),
        wave.rate(),
    ))
}

/// Makes plans that are [`ChannelFeature`]s features of waveforms.
macro_rules! features_of_channels {
    ($($plan:ty),+ $(,)?) => {$(
        impl sarangi_core::Transform<sarangi_core::Waveform> for $plan {
            type Out = sarangi_core::FeatureMap;

            fn apply(&self, wave: &sarangi_core::Waveform) -> sarangi_core::Result<Self::Out> {
                $crate::channels::apply(self, wave)
            }
        }

        impl sarangi_core::Feature for $plan {
            fn shape(&self, samples: usize) -> [usize; 3] {
                use $crate::ChannelFeature;
                [1, self.bins(), self.frames(samples)]
            }
        }
    )+};
}
pub(crate) use features_of_channels;
