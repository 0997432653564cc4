//! How far a recording is tuned from A = 440 Hz.

use crate::median::median;

/// Steps in which tuning is measured over one bin of the scale.
pub(crate) const STEPS: usize = 100;

/// The range in which pitches are looked for, in Hz.
const RANGE: std::ops::Range<f64> = 150.0..4000.0;
/// Peaks below this share of the frame's maximum do not count.
const THRESHOLD: f32 = 0.1;
/// The reference of the scale: A0, in Hz.
const A0: f32 = 440.0 / 16.0;

/// The tuning of step `step`, as a share of a bin in [−½, ½).
pub(crate) fn of_step(step: usize) -> f64 {
    step as f64 * (1.0 / STEPS as f64) - 0.5
}

/// Estimates the tuning step of a spectrogram, as `librosa.estimate_tuning(S=…)`.
///
/// Spectral peaks are refined by a parabola through three bins; of those at least as strong as the
/// median peak, the fullest bin of a histogram of their distance to the scale wins, the lowest of
/// equals. Without a peak the tuning is 0.
///
/// # Shapes
/// `power` is row-major (bins, `frames`); bin k is at k · `resolution` Hz, and `nyquist` is half the
/// sampling rate.
pub(crate) fn estimate_step(
    power: &[f32],
    frames: usize,
    resolution: f64,
    nyquist: f64,
    bins_per_octave: usize,
) -> usize {
    let peaks = peaks(power, frames, resolution, nyquist);
    let mut strengths: Vec<f32> = peaks.iter().map(|peak| peak.strength).collect();
    let least = median(&mut strengths);
    let mut counts = [0u32; STEPS];
    let mut any = false;
    for peak in peaks.iter().filter(|peak| peak.strength >= least) {
        // Single precision here as in librosa: it decides on which side of an edge a pitch falls.
        let bins = bins_per_octave as f32 * (peak.hz / A0).log2();
        let mut residual = bins - bins.floor();
        if residual >= 0.5 {
            residual -= 1.0;
        }
        let residual = f64::from(residual);
        // Guess the bin, then settle it by its exact edges.
        let mut step = ((residual + 0.5) * STEPS as f64).clamp(0.0, (STEPS - 1) as f64) as usize;
        if step > 0 && residual < of_step(step) {
            step -= 1;
        } else if step + 1 < STEPS && residual >= of_step(step + 1) {
            step += 1;
        }
        counts[step] += 1;
        any = true;
    }
    if !any {
        return STEPS / 2;
    }
    let fullest = counts.iter().copied().max().unwrap_or(0);
    counts
        .iter()
        .position(|&c| c == fullest)
        .unwrap_or(STEPS / 2)
}

struct Spike {
    hz: f32,
    strength: f32,
}

fn peaks(power: &[f32], frames: usize, resolution: f64, nyquist: f64) -> Vec<Spike> {
    let bins = power.len() / frames.max(1);
    let row = |bin: usize| &power[bin * frames..(bin + 1) * frames];
    let mut thresholds = vec![0.0f32; frames];
    for bin in 0..bins {
        for (most, &x) in thresholds.iter_mut().zip(row(bin)) {
            *most = most.max(x);
        }
    }
    thresholds.iter_mut().for_each(|x| *x *= THRESHOLD);
    let highest = RANGE.end.min(nyquist);
    let in_range = |bin: &usize| {
        let hz = *bin as f64 * resolution;
        RANGE.start <= hz && hz < highest
    };
    let mut found = Vec::new();
    for bin in (1..bins).filter(in_range) {
        let (left, here) = (row(bin - 1), row(bin));
        // The last bin has no right neighbour, and no parabola.
        let right = (bin + 1 < bins).then(|| row(bin + 1));
        for (t, (&x, &threshold)) in here.iter().zip(&thresholds).enumerate() {
            let next = right.map_or(f32::NEG_INFINITY, |right| right[t]);
            if x > threshold && x > left[t] && x >= next {
                let slope = right.map_or(0.0, |right| (right[t] - left[t]) / 2.0);
                let curve = right.map_or(0.0, |right| right[t] + left[t] - 2.0 * x);
                let shift = if slope.abs() >= curve.abs() {
                    0.0
                } else {
                    -slope / curve
                };
                found.push(Spike {
                    hz: ((bin as f64 + f64::from(shift)) * resolution) as f32,
                    strength: x + 0.5 * slope * shift,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_cover_a_bin() {
        assert_eq!(of_step(0), -0.5);
        assert_eq!(of_step(STEPS / 2), 0.0);
        assert!((of_step(99) - 0.49).abs() < 1e-12);
    }

    #[test]
    fn a_peak_between_two_bins_has_their_pitch() {
        // The same power in bins 40 and 41 of 10 Hz: a pitch of 405 Hz, 143 cents below A4.
        let mut power = vec![0.0; 200];
        (power[40], power[41]) = (1.0, 1.0);
        let spikes = peaks(&power, 1, 10.0, 1000.0);
        assert_eq!(spikes.len(), 1);
        assert!((spikes[0].hz - 405.0).abs() < 1e-3);
        let step = estimate_step(&power, 1, 10.0, 1000.0, 12);
        let cents = 100.0 * (12.0 * (405.0f64 / 440.0).log2()).rem_euclid(1.0) - 100.0;
        assert!((100.0 * of_step(step) - cents).abs() <= 1.0);
    }

    #[test]
    fn silence_is_in_tune() {
        assert_eq!(of_step(estimate_step(&[0.0; 300], 3, 10.0, 500.0, 12)), 0.0);
        assert_eq!(of_step(estimate_step(&[], 0, 10.0, 500.0, 12)), 0.0);
    }
}
