//! Filters given by what they do to each frequency.

use realfft::RealFftPlanner;
use sarangi_core::{Error, Result};

/// Multiplies each frequency by a gain of its own and moves none in time: the whole sound's spectrum,
/// times `gain(f)` with f in cycles per sample, 0 to 0.5.
///
/// At least `silence` zeros lie between the end and the beginning, which are otherwise neighbours;
/// they are not returned. What a gain that changes fast smears over more time than that wraps around.
/// With 0, and samples of a power of two, the sound is taken for one period of an endless one.
///
/// # Shapes
/// (samples) → (samples).
///
/// # Errors
/// [`Error::Backend`] if a transform fails.
pub fn spectral_gain(
    samples: &[f32],
    silence: usize,
    gain: impl Fn(f64) -> f64,
) -> Result<Vec<f32>> {
    let size = (samples.len() + silence).next_power_of_two().max(2);
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (
        planner.plan_fft_forward(size),
        planner.plan_fft_inverse(size),
    );
    let mut padded = forward.make_input_vec();
    padded[..samples.len()].copy_from_slice(samples);
    let mut spectrum = forward.make_output_vec();
    forward
        .process(&mut padded, &mut spectrum)
        .map_err(|e| Error::backend("spectral gain", e))?;
    for (bin, x) in spectrum.iter_mut().enumerate() {
        *x *= (gain(bin as f64 / size as f64) / size as f64) as f32;
    }
    inverse
        .process(&mut spectrum, &mut padded)
        .map_err(|e| Error::backend("spectral gain", e))?;
    padded.truncate(samples.len());
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn each_tone_gets_its_own_gain_and_keeps_its_phase() {
        let tone = |cycles: f64, level: f64| {
            let wave = move |n: usize| level * (TAU * cycles * n as f64 / 1024.0).sin();
            (0..1024).map(wave)
        };
        let mixed: Vec<f32> = tone(10.0, 0.5)
            .zip(tone(200.0, 0.25))
            .map(|(a, b)| (a + b) as f32)
            .collect();
        let got = spectral_gain(&mixed, 0, |f| if f < 0.1 { 0.5 } else { 2.0 }).unwrap();
        for (got, want) in got.iter().zip(tone(10.0, 0.25).zip(tone(200.0, 0.5))) {
            assert!((f64::from(*got) - want.0 - want.1).abs() < 1e-6);
        }
    }

    #[test]
    fn no_change_is_none_at_any_length() {
        for len in [0, 1, 3, 1000] {
            let samples: Vec<f32> = (0..len).map(|n| (n as f32).sin()).collect();
            let got = spectral_gain(&samples, 100, |_| 1.0).unwrap();
            assert_eq!(got.len(), len);
            let near = got.iter().zip(&samples).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{len}");
        }
    }
}
