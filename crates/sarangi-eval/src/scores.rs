//! All numbers at one level.

use serde::{Deserialize, Serialize};

use crate::probabilities::ordered_sum;
use crate::{ClassScore, Confusion, Predictions};

/// Every number about a set of predictions: those for chunks, or those for tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Which classes are taken for which.
    pub confusion: Confusion,
    /// The share told right.
    pub accuracy: f64,
    /// The mean recall of the classes that have examples.
    pub balanced_accuracy: f64,
    /// Precision, recall, F1 and support of each class.
    pub per_class: Vec<ClassScore>,
    /// Their mean, each class of the same weight.
    pub macro_average: ClassScore,
    /// Their mean, weighted by support.
    pub weighted_average: ClassScore,
    /// The mean of −ln p(truth), in nats. Under [`Pooling::Vote`](crate::Pooling::Vote) p is a share
    /// of votes, so that at track level it is coarse.
    pub log_loss: f64,
}

impl Scores {
    /// Scores predictions, one example for each.
    ///
    /// The log loss is scikit-learn's `log_loss` of f32 probabilities: they are kept within
    /// [ε, 1 − ε], ε = 2⁻²³, so that one certain mistake does not make it infinite.
    ///
    /// Proved against scikit-learn by `fixtures/golden/metrics`.
    pub fn of(predictions: &Predictions) -> Self {
        let examples = predictions.chunks();
        let confusion = Confusion::of(predictions);
        let floor = f64::from(f32::EPSILON);
        let losses = examples.iter().map(|example| {
            let p = f64::from(example.probabilities[example.truth]);
            -p.clamp(floor, 1.0 - floor).ln()
        });
        Self {
            accuracy: confusion.accuracy(),
            balanced_accuracy: confusion.balanced_accuracy(),
            per_class: confusion.per_class(),
            macro_average: confusion.macro_average(),
            weighted_average: confusion.weighted_average(),
            log_loss: ordered_sum(losses.collect()) / examples.len() as f64,
            confusion,
        }
    }

    /// The number of examples.
    pub fn examples(&self) -> u64 {
        self.confusion.total()
    }

    /// The standard error of the accuracy, √(p (1 − p) / n), as if examples were independent.
    ///
    /// Tracks are; chunks of one track are not, so at chunk level it is too small.
    pub fn standard_error(&self) -> f64 {
        let p = self.accuracy;
        (p * (1.0 - p) / self.examples().max(1) as f64)
            .max(0.0)
            .sqrt()
    }
}
