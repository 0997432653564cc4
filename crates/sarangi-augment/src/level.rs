//! Levels of sounds.

use sarangi_core::{Result, Waveform};

use crate::channels::in_place;

/// How much the amplitude changes at this many decibels.
pub(crate) fn amplitude(decibels: f64) -> f64 {
    10f64.powf(decibels / 20.0)
}

/// How many decibels an amplitude is.
pub(crate) fn amplitude_db(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

/// The root of the mean square of all channels; 0 of nothing.
pub(crate) fn rms(wave: &Waveform) -> f64 {
    let samples = wave.samples();
    let power: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    (power / samples.len().max(1) as f64).sqrt()
}

/// The largest distance from 0 in any channel.
pub(crate) fn peak(wave: &Waveform) -> f64 {
    let samples = wave.samples();
    f64::from(samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs())))
}

/// Louder or softer by this factor.
pub(crate) fn scaled(wave: Waveform, factor: f64) -> Result<Waveform> {
    // In double precision: what brings the faintest sounds up is beyond a single one.
    in_place(wave, |row| {
        row.iter_mut()
            .for_each(|x| *x = (f64::from(*x) * factor) as f32);
    })
}

/// The sound with a noise of the same shape `snr_db` decibels below it, both by their root mean
/// square over all channels. Of silence nothing is so far below, and silence is no noise: either way
/// the sound stays as it is.
pub(crate) fn add_at_snr(wave: Waveform, noise: &Waveform, snr_db: f64) -> Result<Waveform> {
    let factor = rms(&wave) / rms(noise) * amplitude(-snr_db);
    match factor.is_finite() && factor > 0.0 {
        true => added(wave, noise, factor),
        false => Ok(wave),
    }
}

/// The sound with `factor` times a noise of the same shape.
pub(crate) fn added(wave: Waveform, noise: &Waveform, factor: f64) -> Result<Waveform> {
    let rate = wave.rate();
    let mut samples = wave.into_samples();
    samples.zip_mut_with(&noise.samples(), |x, &noise| {
        *x += (f64::from(noise) * factor) as f32;
    });
    Waveform::new(samples, rate)
}
