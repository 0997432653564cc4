//! Whether probabilities mean what they say.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Predictions;
use crate::probabilities::ordered_sum;

/// How well a classifier's confidence, the probability of the class it names, agrees with how often
/// it is right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Bins of equal width from confidence 0 to 1, each with its upper edge and without its lower.
    pub bins: Vec<ReliabilityBin>,
    /// The expected calibration error (Naeini et al. 2015, Guo et al. 2017):
    /// Σ nᵦ / n · |accuracyᵦ − confidenceᵦ| over the bins.
    pub expected_error: f64,
    /// The largest |accuracyᵦ − confidenceᵦ|.
    pub maximum_error: f64,
    /// Brier's score (1950), the mean of Σₖ (pₖ − \[k is true\])², 0 to 2, as scikit-learn's
    /// `brier_score_loss` with `scale_by_half=False`.
    pub brier: f64,
}

/// The examples whose confidence lies in one bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// How many they are.
    pub count: u64,
    /// Their mean confidence; none without examples.
    pub confidence: Option<f64>,
    /// The share of them told right; none without examples.
    pub accuracy: Option<f64>,
}

impl Calibration {
    /// The bins that reports use, as Guo et al.
    pub const BINS: usize = 15;

    const MOST_BINS: usize = 10_000;

    /// Measures it with so many bins.
    ///
    /// Proved against scikit-learn's `calibration_curve` and `brier_score_loss` by
    /// `fixtures/golden/metrics`.
    ///
    /// # Errors
    /// [`Error::Config`] unless there are 1 to 10,000 bins.
    pub fn of(predictions: &Predictions, bins: usize) -> Result<Self> {
        if !(1..=Self::MOST_BINS).contains(&bins) {
            let reason = format!("must be 1 to {}, got {bins}", Self::MOST_BINS);
            return Err(Error::config("calibration", "bins", reason));
        }
        Ok(Self::measure(predictions, bins))
    }

    /// The same for a number of bins that is known to be sound.
    pub(crate) fn measure(predictions: &Predictions, bins: usize) -> Self {
        let examples = predictions.chunks();
        let mut confidences = vec![Vec::new(); bins];
        let mut hits = vec![0u64; bins];
        for example in examples {
            let class = example.class();
            let confidence = f64::from(example.probabilities[class]);
            let bin = bin_of(confidence, bins);
            confidences[bin].push(confidence);
            hits[bin] += u64::from(class == example.truth);
        }
        let bins: Vec<ReliabilityBin> = confidences
            .into_iter()
            .zip(hits)
            .map(|(confidences, hits)| {
                let count = confidences.len() as u64;
                let mean = |sum: f64| (count > 0).then(|| sum / count as f64);
                ReliabilityBin {
                    count,
                    confidence: mean(ordered_sum(confidences)),
                    accuracy: mean(hits as f64),
                }
            })
            .collect();
        let n = examples.len() as f64;
        let gaps = || bins.iter().filter_map(|bin| Some((bin, bin.gap()?.abs())));
        let squares = examples.iter().map(|example| {
            let square = |(class, &p): (usize, &f32)| {
                let truth = f64::from(u8::from(class == example.truth));
                (f64::from(p) - truth).powi(2)
            };
            example.probabilities.iter().enumerate().map(square).sum()
        });
        Self {
            expected_error: gaps().map(|(bin, gap)| bin.count as f64 / n * gap).sum(),
            maximum_error: gaps().map(|(_, gap)| gap).fold(0.0, f64::max),
            brier: ordered_sum(squares.collect()) / n,
            bins,
        }
    }
}

impl ReliabilityBin {
    /// Accuracy less confidence: below 0 where the classifier is too sure of itself.
    pub fn gap(&self) -> Option<f64> {
        Some(self.accuracy? - self.confidence?)
    }
}

/// The first bin whose upper edge is not below; what rounding has put above 1 is in the last.
fn bin_of(confidence: f64, bins: usize) -> usize {
    // As numpy's linspace computes edges: a guess that is at most one off, then the edges decide.
    let edge = |bin: usize| bin as f64 * (1.0 / bins as f64);
    let mut bin = ((confidence * bins as f64) as usize).min(bins - 1);
    while bin > 0 && confidence <= edge(bin) {
        bin -= 1;
    }
    while bin + 1 < bins && confidence > edge(bin + 1) {
        bin += 1;
    }
    bin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_has_its_upper_edge() {
        let bins = [0.0, 0.1, 0.25, 0.2501, 0.5, 0.75, 1.0, 1.005].map(|c| bin_of(c, 4));
        assert_eq!(bins, [0, 0, 0, 1, 1, 2, 3, 3]);
        assert_eq!(bin_of(1.0, 1), 0);
    }
}
