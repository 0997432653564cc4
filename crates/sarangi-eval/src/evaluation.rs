//! The whole evaluation of a classifier.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Bootstrap, Intervals, Pooling, Predictions, Scores, text_report};

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
    /// How sure the numbers are; none with a single track, in evaluations [without
    /// them](Self::without_intervals), or in those stored before intervals were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
}

impl Evaluation {
    /// Evaluates predictions for chunks, and pooled for tracks, with 95 % intervals by the
    /// [bootstrap's default](Bootstrap::default).
    pub fn of(predictions: &Predictions, pooling: Pooling) -> Self {
        Self {
            intervals: Intervals::draw(predictions, pooling, Bootstrap::default()),
            ..Self::without_intervals(predictions, pooling)
        }
    }

    /// The same numbers without intervals, whose thousands of draws cost far more than they: for what is
    /// looked at after every epoch.
    pub fn without_intervals(predictions: &Predictions, pooling: Pooling) -> Self {
        Self {
            labels: predictions.labels().to_vec(),
            pooling,
            chunk: Scores::of(predictions),
            track: Scores::of(&predictions.pool(pooling)),
            intervals: None,
        }
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text_report::write(self, f)
    }
}
