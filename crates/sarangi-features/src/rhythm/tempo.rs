//! The tempo of an onset curve.

use sarangi_core::{Error, Result, SampleRate};
use sarangi_dsp::Window;

use crate::check::within;
use crate::rhythm::mean_autocorrelation::MeanAutocorrelation;

/// Seconds of the window in which onsets are compared.
const WINDOW_SECONDS: f64 = 8.0;
/// Tempi from here on, in beats per minute, are never chosen.
const MAX_TEMPO: f64 = 320.0;
/// The standard deviation of the prior in octaves.
const STD_OCTAVES: f64 = 1.0;

/// A planned estimator of one tempo for a whole curve, as `librosa.feature.tempo`.
///
/// Over the mean A of the tempogram with a window of 8 s, the lag with the largest
/// ln(1 + 10⁶ A) − ½ (log₂ bpm − log₂ start)², below 320 beats per minute.
#[derive(Debug)]
pub(crate) struct TempoEstimator {
    correlation: MeanAutocorrelation,
    /// Beats per minute of lag 1.
    fastest: f64,
    /// The first lag that is slow enough.
    least_lag: usize,
    start_bpm: f64,
}

impl TempoEstimator {
    pub(crate) fn new(rate: SampleRate, hop_length: usize, start_bpm: f64) -> Result<Self> {
        within("tempo", "start_bpm", start_bpm, 1e-3..=1e6)?;
        let win_length = (WINDOW_SECONDS * rate.as_f64()) as usize / hop_length.max(1);
        if !(2..=1 << 16).contains(&win_length) {
            return Err(Error::config(
                "tempo",
                "hop_length",
                format!(
                    "must give 2 to 65536 frames in {WINDOW_SECONDS} s at {rate}, \
                     got {win_length} with {hop_length}"
                ),
            ));
        }
        let fastest = 60.0 * rate.as_f64() / hop_length as f64;
        Ok(Self {
            correlation: MeanAutocorrelation::new(win_length, Window::Hann),
            fastest,
            least_lag: (1..win_length)
                .find(|&lag| fastest / (lag as f64) < MAX_TEMPO)
                .unwrap_or(1),
            start_bpm,
        })
    }

    /// The tempo in beats per minute.
    pub(crate) fn estimate(&self, onset: &[f32]) -> Result<f64> {
        let mut mean = vec![0.0; self.correlation.lags()];
        self.correlation.compute_into(onset, &mut mean)?;
        let mut best = (f64::NEG_INFINITY, self.least_lag);
        for (lag, &correlation) in mean.iter().enumerate().skip(self.least_lag) {
            let octaves = ((self.fastest / lag as f64) / self.start_bpm).log2() / STD_OCTAVES;
            // Rounding may leave a correlation just below zero.
            let score = (1e6 * correlation).max(0.0).ln_1p() - 0.5 * octaves * octaves;
            if score > best.0 {
                best = (score, lag);
            }
        }
        Ok(self.fastest / best.1 as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tempo_of_clicks_is_their_rate() {
        let tempo = TempoEstimator::new(SampleRate::HZ_22050, 512, 120.0).unwrap();
        let clicks: Vec<f32> = (0..430).map(|i| f32::from(u8::from(i % 20 == 3))).collect();
        let want = 60.0 * 22_050.0 / 512.0 / 20.0;
        assert!((tempo.estimate(&clicks).unwrap() - want).abs() < 1e-9);
    }

    #[test]
    fn a_hop_that_leaves_no_window_is_refused() {
        assert!(TempoEstimator::new(SampleRate::HZ_22050, 1 << 20, 120.0).is_err());
        assert!(TempoEstimator::new(SampleRate::HZ_22050, 1, 120.0).is_err());
        assert!(TempoEstimator::new(SampleRate::HZ_22050, 512, f64::NAN).is_err());
    }
}
