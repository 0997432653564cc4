//! The whole evaluation of a classifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Pooling, Predictions, Scores, report};

/// How good a classifier is, for the chunks it hears and for whole tracks.
///
/// Its text ([`Display`](fmt::Display)) is a report in the manner of scikit-learn's
/// `classification_report`, both levels side by side; as JSON it holds every number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The names of the classes.
    pub labels: Vec<String>,
    /// How chunks became tracks.
    pub pooling: Pooling,
    /// Each chunk an example.
    pub chunk: Scores,
    /// Each track an example.
    pub track: Scores,
}

impl Evaluation {
    /// Evaluates predictions for chunks, and pooled for tracks.
    pub fn of(predictions: &Predictions, pooling: Pooling) -> Self {
        Self {
            labels: predictions.labels().to_vec(),
            pooling,
            chunk: Scores::of(predictions),
            track: Scores::of(&predictions.pool(pooling)),
        }
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::write(self, f)
    }
}
