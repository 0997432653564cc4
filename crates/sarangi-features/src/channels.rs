//! Features that hear each channel by itself.

use ndarray::{Array3, Axis};
use sarangi_core::{Error, FeatureMap, Result, SampleRate, Waveform};

/// A planned feature of one channel of sound, from samples to a matrix (bins, frames).
///
/// Every plan of this crate is one, and through it a [`Feature`](sarangi_core::Feature) of a
/// [`Waveform`], whose channels are processed one by one; only the five-channel stack takes mono
/// alone. [`compute_into`](Self::compute_into) writes into memory of the caller; working memory
/// comes from a pool inside the plan.
pub trait ChannelFeature: Send + Sync {
    /// The name under which errors speak of it, such as `mfcc`.
    const NAME: &'static str;

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
}

/// The map (channels, bins, frames) of a sound.
pub(crate) fn apply<F: ChannelFeature>(feature: &F, wave: &Waveform) -> Result<FeatureMap> {
    if wave.rate() != feature.rate() {
        return Err(Error::shape(
            F::NAME,
            format_args!("sound at {} (resample it first)", feature.rate()),
            wave.rate(),
        ));
    }
    let frames = feature.frames(wave.len());
    if frames == 0 {
        return Err(Error::shape(
            F::NAME,
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
