//! Precision, recall, F1 and their averages.

use serde::{Deserialize, Serialize};

/// How well one class, or the average class, is told from the others.
///
/// A ratio of nothing to nothing is 0, as scikit-learn's `zero_division=0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// The share of the examples said to be of this class that are: tp / (tp + fp).
    pub precision: f64,
    /// The share of this class's examples that were said to be: tp / (tp + fn).
    pub recall: f64,
    /// The harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn).
    pub f1: f64,
    /// The number of true examples.
    pub support: u64,
}

impl ClassScore {
    /// From the number of hits, of true examples and of examples said to be of the class.
    pub(crate) fn from_counts(hits: u64, support: u64, predicted: u64) -> Self {
        let hits = hits as f64;
        Self {
            precision: ratio(hits, predicted as f64),
            recall: ratio(hits, support as f64),
            f1: ratio(2.0 * hits, support as f64 + predicted as f64),
            support,
        }
    }

    /// The mean of the scores, each with a weight; the support is the sum.
    pub(crate) fn average(scores: &[Self], weight: impl Fn(&Self) -> f64) -> Self {
        let total = scores.iter().map(&weight).sum();
        let mean = |value: fn(&Self) -> f64| {
            let weighted = scores.iter().map(|score| weight(score) * value(score));
            ratio(weighted.sum(), total)
        };
        Self {
            precision: mean(|score| score.precision),
            recall: mean(|score| score.recall),
            f1: mean(|score| score.f1),
            support: scores.iter().map(|score| score.support).sum(),
        }
    }
}

/// `part / whole`, 0 if the whole is 0.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}
