//! Receiver operating characteristics.

use serde::{Deserialize, Serialize};

use super::ranking::{Ranking, Step};

/// One place on a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Examples of at least this probability are said to be of the class; none at the first point,
    /// where nothing is.
    pub threshold: Option<f64>,
    /// The share of the other examples that are said to be of the class.
    pub false_positives: f64,
    /// The share of the class's examples that are: the recall.
    pub true_positives: f64,
}

/// The shares of hits and false alarms over all thresholds, and the area below.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// From (0, 0) to (1, 1); points on a straight line between their neighbours are left out.
    pub points: Vec<RocPoint>,
    /// The area below: the probability that an example of the class has more than one that is not,
    /// ties counting half.
    pub area: f64,
}

impl RocCurve {
    /// scikit-learn's `roc_curve` and `auc`; `None` without examples of the class or without others.
    pub(crate) fn of(ranking: &Ranking) -> Option<Self> {
        if !ranking.is_mixed() {
            return None;
        }
        let (hits, others) = ranking.totals();
        let nothing = RocPoint {
            threshold: None,
            false_positives: 0.0,
            true_positives: 0.0,
        };
        let steps = &ranking.steps;
        let corner = |&index: &usize| {
            let inner = index > 0 && index + 1 < steps.len();
            !inner || !is_straight(&steps[index - 1], &steps[index], &steps[index + 1])
        };
        let point = |index: usize| RocPoint {
            threshold: Some(steps[index].threshold),
            false_positives: steps[index].false_alarms as f64 / others as f64,
            true_positives: steps[index].hits as f64 / hits as f64,
        };
        let corners = (0..steps.len()).filter(corner).map(point);
        Some(Self {
            points: std::iter::once(nothing).chain(corners).collect(),
            area: Self::area(ranking)?,
        })
    }

    /// The area alone. It is counted in whole numbers, so it is exact but for one division.
    pub(crate) fn area(ranking: &Ranking) -> Option<f64> {
        if !ranking.is_mixed() {
            return None;
        }
        let (hits, others) = ranking.totals();
        let mut twice = 0u128;
        let mut before = (0, 0);
        for step in &ranking.steps {
            let width = u128::from(step.false_alarms - before.0);
            twice += width * u128::from(step.hits + before.1);
            before = (step.false_alarms, step.hits);
        }
        Some(twice as f64 / (2.0 * hits as f64 * others as f64))
    }
}

/// Whether both steps go as far up and as far to the right, as scikit-learn's `drop_intermediate`.
fn is_straight(before: &Step, at: &Step, after: &Step) -> bool {
    at.hits - before.hits == after.hits - at.hits
        && at.false_alarms - before.false_alarms == after.false_alarms - at.false_alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scikit_learns_own_example() {
        let scores = [(0.1, false), (0.4, false), (0.35, true), (0.8, true)];
        let curve = RocCurve::of(&Ranking::of(scores.into_iter())).unwrap();
        let shares: Vec<_> = curve
            .points
            .iter()
            .map(|p| (p.false_positives, p.true_positives))
            .collect();
        assert_eq!(
            shares,
            [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]
        );
        assert_eq!((curve.area, curve.points[0].threshold), (0.75, None));
    }

    #[test]
    fn without_both_kinds_there_is_no_curve() {
        for scores in [vec![], vec![(0.5, true)], vec![(0.5, false), (0.1, false)]] {
            assert!(RocCurve::of(&Ranking::of(scores.into_iter())).is_none());
        }
    }
}
