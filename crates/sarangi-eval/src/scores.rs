//! All numbers at one level.

use serde::{Deserialize, Serialize};

use crate::curves::areas;
use crate::probabilities::ordered_sum;
use crate::{Areas, Calibration, ClassScore, Confusion, Predictions, TopK, top_k};

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
    /// How often the truth is among the 2, 3 and 5 most probable classes, where there are more. Like
    /// everything below, absent from evaluations that were stored before it was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top_k: Vec<TopK>,
    /// [`Confusion::matthews_correlation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matthews_correlation: Option<f64>,
    /// [`Confusion::cohen_kappa`], where it is defined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohen_kappa: Option<f64>,
    /// The areas below the ROC curves, each class against the rest; see [`Curves`](crate::Curves).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_area: Option<Areas>,
    /// The average precisions, each class against the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Areas>,
    /// How well probabilities agree with how often they are right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
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
        let [roc_area, average_precision] = areas(predictions).map(Some);
        Self {
            top_k: top_k::reported(predictions),
            matthews_correlation: Some(confusion.matthews_correlation()),
            cohen_kappa: confusion.cohen_kappa(),
            roc_area,
            average_precision,
            calibration: Some(Calibration::measure(predictions, Calibration::BINS)),
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
