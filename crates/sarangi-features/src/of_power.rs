//! Features of a power spectrogram that several share.

use sarangi_core::Result;
use sarangi_dsp::Stft;

use crate::ChannelFeature;
use crate::check::output;

/// A planned feature that needs nothing of the sound but its power spectrogram.
///
/// What transforms a sound once for many features asks each of them for this view, through
/// [`ChannelFeature::of_power`]; [`Stack`](crate::Stack) does.
pub trait OfPower: ChannelFeature {
    /// The transform whose power it takes.
    fn stft(&self) -> &Stft;

    /// Computes the matrix from the power of all frames of [`stft`](Self::stft).
    ///
    /// # Shapes
    /// `power` is row-major (bins of the transform, frames), `out` row-major (bins of the
    /// feature, the same frames).
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if `out` is not so or the sound is too short.
    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()>;
}

/// The frames of a power spectrogram, after a look at what is to be computed of it.
pub(crate) fn frames<F: OfPower + ?Sized>(
    feature: &F,
    power: &[f32],
    out: &[f32],
) -> Result<usize> {
    let frames = power.len() / feature.stft().bins();
    output(feature.name(), power, feature.stft().bins(), frames)?;
    output(feature.name(), out, feature.bins(), frames)?;
    Ok(frames)
}
