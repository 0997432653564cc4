//! One channel after the other.

use sarangi_core::{Result, Waveform};

/// Changes each channel where it lies.
pub(crate) fn in_place(wave: Waveform, mut change: impl FnMut(&mut [f32])) -> Result<Waveform> {
    let (rate, len) = (wave.rate(), wave.len());
    let mut samples = wave.into_samples();
    // A waveform is planar, so that there is a slice of all.
    if let Some(all) = samples.as_slice_mut().filter(|_| len > 0) {
        all.chunks_exact_mut(len).for_each(&mut change);
    }
    Waveform::new(samples, rate)
}

/// Makes each channel anew, which may change its length.
pub(crate) fn anew(
    wave: &Waveform,
    mut change: impl FnMut(usize, &[f32]) -> Result<Vec<f32>>,
) -> Result<Waveform> {
    let channels = (0..wave.channels()).map(|index| change(index, wave.channel(index)?));
    Waveform::from_channels(channels.collect::<Result<_>>()?, wave.rate())
}
