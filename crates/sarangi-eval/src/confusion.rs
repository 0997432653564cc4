//! Which classes are taken for which.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::class_score::ratio;
use crate::{ClassScore, Predictions};

/// A matrix has the square of this many cells: more would not fit into memory.
pub(crate) const MAX_CLASSES: usize = 10_000;

/// A confusion matrix: how many examples of each true class (row) were said to be of each class
/// (column), as scikit-learn's `confusion_matrix`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u64>>", into = "Vec<Vec<u64>>")]
pub struct Confusion {
    counts: Vec<Vec<u64>>,
}

/// One class taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusedPair {
    /// The true class.
    pub truth: usize,
    /// The class it was taken for.
    pub predicted: usize,
    /// How many examples.
    pub count: u64,
    /// Their share among the examples of the true class.
    pub share: f64,
}

impl Confusion {
    /// Counts predictions, each by its most probable class.
    pub fn of(predictions: &Predictions) -> Self {
        let classes = predictions.labels().len();
        let mut counts = vec![vec![0; classes]; classes];
        for example in predictions.chunks() {
            counts[example.truth][example.class()] += 1;
        }
        Self { counts }
    }

    /// Counts pairs of (truth, prediction).
    ///
    /// # Errors
    /// [`Error::Config`] if there is no class or more than 10,000, or a pair names one that is not
    /// below `classes`.
    pub fn from_pairs(
        classes: usize,
        pairs: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self> {
        if classes > MAX_CLASSES {
            let reason = format!("must be at most {MAX_CLASSES}, got {classes}");
            return Err(Error::config("confusion", "classes", reason));
        }
        let mut counts = vec![vec![0u64; classes]; classes];
        for (truth, predicted) in pairs {
            let cell = counts
                .get_mut(truth)
                .and_then(|row| row.get_mut(predicted))
                .ok_or_else(|| {
                    Error::config(
                        "confusion",
                        "pairs",
                        format!("classes must be below {classes}, got ({truth}, {predicted})"),
                    )
                })?;
            *cell += 1;
        }
        Self::from_counts(counts)
    }

    /// A matrix that was counted elsewhere.
    ///
    /// # Shapes
    /// (classes, classes), rows the truth.
    ///
    /// # Errors
    /// [`Error::Config`] if it is empty or not square, or if its total is beyond 64 bits.
    pub fn from_counts(counts: Vec<Vec<u64>>) -> Result<Self> {
        let classes = counts.len();
        let reason = if classes == 0 {
            "must have at least one class".to_owned()
        } else if let Some(row) = counts.iter().find(|row| row.len() != classes) {
            format!(
                "must be square, got a row of {} in {classes} rows",
                row.len()
            )
        } else if counts
            .iter()
            .flatten()
            .try_fold(0u64, |total, &n| total.checked_add(n))
            .is_none()
        {
            "total must fit into 64 bits".to_owned()
        } else {
            return Ok(Self { counts });
        };
        Err(Error::config("confusion", "counts", reason))
    }

    /// The counts, rows the truth, columns the prediction.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// The number of classes, at least 1.
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    /// The number of examples.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// The share of examples that were told right; 0 if there are none.
    pub fn accuracy(&self) -> f64 {
        let hits: u64 = (0..self.classes()).map(|i| self.counts[i][i]).sum();
        ratio(hits as f64, self.total() as f64)
    }

    /// The mean recall of the classes that have examples, as scikit-learn's
    /// `balanced_accuracy_score`; 0 if there are no examples.
    pub fn balanced_accuracy(&self) -> f64 {
        let present = |score: &ClassScore| f64::from(u8::from(score.support > 0));
        ClassScore::average(&self.per_class(), present).recall
    }

    /// Precision, recall, F1 and support of each class, as scikit-learn's
    /// `precision_recall_fscore_support` over all labels with `zero_division=0`.
    pub fn per_class(&self) -> Vec<ClassScore> {
        (0..self.classes())
            .map(|i| {
                let support = self.counts[i].iter().sum();
                let predicted = self.counts.iter().map(|row| row[i]).sum();
                ClassScore::from_counts(self.counts[i][i], support, predicted)
            })
            .collect()
    }

    /// The mean over all classes, each of the same weight; a class without examples counts as 0.
    pub fn macro_average(&self) -> ClassScore {
        ClassScore::average(&self.per_class(), |_| 1.0)
    }

    /// The mean over all classes, weighted by their support.
    pub fn weighted_average(&self) -> ClassScore {
        ClassScore::average(&self.per_class(), |score| score.support as f64)
    }

    /// Each row divided by its sum, as scikit-learn's `normalize="true"`; a class without examples
    /// has zeros.
    pub fn row_fractions(&self) -> Vec<Vec<f64>> {
        let fractions = |row: &Vec<u64>| {
            let support = row.iter().sum::<u64>() as f64;
            row.iter().map(|&n| ratio(n as f64, support)).collect()
        };
        self.counts.iter().map(fractions).collect()
    }

    /// The at most `n` most frequent confusions, the most frequent first; among equals the larger
    /// share of the true class, then the lower classes.
    pub fn confused_pairs(&self, n: usize) -> Vec<ConfusedPair> {
        let mut pairs = Vec::new();
        for (truth, fractions) in self.row_fractions().iter().enumerate() {
            for (predicted, &share) in fractions.iter().enumerate() {
                let count = self.counts[truth][predicted];
                if truth != predicted && count > 0 {
                    pairs.push(ConfusedPair {
                        truth,
                        predicted,
                        count,
                        share,
                    });
                }
            }
        }
        // A stable sort keeps equals in the order of their classes.
        pairs.sort_by(|a, b| b.count.cmp(&a.count).then(b.share.total_cmp(&a.share)));
        pairs.truncate(n);
        pairs
    }
}

impl TryFrom<Vec<Vec<u64>>> for Confusion {
    type Error = Error;

    fn try_from(counts: Vec<Vec<u64>>) -> Result<Self> {
        Self::from_counts(counts)
    }
}

impl From<Confusion> for Vec<Vec<u64>> {
    fn from(confusion: Confusion) -> Self {
        confusion.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_truth() {
        let confusion = Confusion::from_pairs(2, [(0, 1), (0, 0), (0, 1)]).unwrap();
        assert_eq!(confusion.counts(), [vec![1, 2], vec![0, 0]]);
        assert_eq!(
            confusion.row_fractions(),
            [vec![1.0 / 3.0, 2.0 / 3.0], vec![0.0, 0.0]]
        );
    }

    #[test]
    fn pairs_come_by_count_then_share_then_class() {
        let counts = vec![vec![8, 2, 0], vec![1, 3, 2], vec![2, 0, 9]];
        let pairs = Confusion::from_counts(counts).unwrap().confused_pairs(3);
        let named: Vec<_> = pairs.iter().map(|p| (p.truth, p.predicted)).collect();
        assert_eq!(named, [(1, 2), (0, 1), (2, 0)]);
        assert_eq!((pairs[0].count, pairs[0].share), (2, 2.0 / 6.0));
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        assert!(Confusion::from_counts(vec![]).is_err());
        assert!(Confusion::from_counts(vec![vec![1], vec![1, 2]]).is_err());
        assert!(Confusion::from_counts(vec![vec![u64::MAX, 1], vec![0, 0]]).is_err());
        assert!(Confusion::from_pairs(2, [(0, 2)]).is_err());
        assert!(Confusion::from_pairs(0, []).is_err());
        assert!(Confusion::from_pairs(usize::MAX, []).is_err());
        assert!(serde_json::from_str::<Confusion>("[[1,2],[3]]").is_err());
    }

    #[test]
    fn no_examples_score_nothing() {
        let empty = Confusion::from_pairs(2, []).unwrap();
        assert_eq!(empty.accuracy(), 0.0);
        assert_eq!(empty.balanced_accuracy(), 0.0);
        assert_eq!(empty.weighted_average(), ClassScore::default());
    }
}
