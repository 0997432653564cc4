//! Whether the truth is among the most probable classes.

use serde::{Deserialize, Serialize};

use crate::Predictions;

/// How often the truth is among the k most probable classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopK {
    /// How many classes may be named.
    pub k: usize,
    /// The share of the examples whose truth is among them.
    pub accuracy: f64,
}

/// The k that are worth reporting, where there are more classes.
const REPORTED: [usize; 3] = [2, 3, 5];

/// The share of examples whose true class is among the `k` most probable ones.
///
/// Of equally probable classes the lower come first, so that k = 1 is the accuracy; scikit-learn's
/// `top_k_accuracy_score` takes the higher first, and is otherwise the same. 0 for k = 0.
///
/// Proved against scikit-learn by `fixtures/golden/metrics`.
pub fn top_k_accuracy(predictions: &Predictions, k: usize) -> f64 {
    let examples = predictions.chunks();
    let hit = |rank: &usize| *rank < k;
    let hits = examples
        .iter()
        .map(|e| rank(&e.probabilities, e.truth))
        .filter(hit);
    hits.count() as f64 / examples.len() as f64
}

/// Those of 2, 3 and 5 that are below the number of classes.
pub(crate) fn reported(predictions: &Predictions) -> Vec<TopK> {
    let classes = predictions.labels().len();
    let wanted = REPORTED.into_iter().filter(|&k| k < classes);
    let of = |k| TopK {
        k,
        accuracy: top_k_accuracy(predictions, k),
    };
    wanted.map(of).collect()
}

/// How many classes come before `class`.
fn rank(probabilities: &[f32], class: usize) -> usize {
    let own = probabilities[class];
    let before = |(other, p): (usize, &f32)| *p > own || (*p == own && other < class);
    probabilities
        .iter()
        .enumerate()
        .filter(|&at| before(at))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_of_equals_comes_first() {
        let p = [0.25, 0.25, 0.0, 0.5];
        assert_eq!([0, 1, 2, 3].map(|class| rank(&p, class)), [1, 2, 3, 0]);
    }
}
