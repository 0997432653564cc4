//! Precision against recall.

use serde::{Deserialize, Serialize};

use super::ranking::{Ranking, Step};

/// One place on a curve of precision against recall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrPoint {
    /// Examples of at least this probability are said to be of the class; none at the first point,
    /// where nothing is.
    pub threshold: Option<f64>,
    /// The share of the class's examples that are said to be.
    pub recall: f64,
    /// The share of those said to be of the class that are; 1 where nothing is.
    pub precision: f64,
}

/// Precision and recall over all thresholds, and the average precision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrCurve {
    /// From recall 0 up. scikit-learn has them from the end, and all of those with recall 1.
    pub points: Vec<PrPoint>,
    /// The average precision Σ (Rₙ − Rₙ₋₁) Pₙ: the area below without interpolation, which would be
    /// too optimistic.
    pub area: f64,
    /// The share of all examples that are of the class: the precision of guessing.
    pub prevalence: f64,
}

impl PrCurve {
    /// scikit-learn's `precision_recall_curve` and `average_precision_score`; `None` without examples
    /// of the class or without others.
    pub(crate) fn of(ranking: &Ranking) -> Option<Self> {
        let area = Self::area(ranking)?;
        let (hits, others) = ranking.totals();
        let nothing = PrPoint {
            threshold: None,
            recall: 0.0,
            precision: 1.0,
        };
        let point = |step: &Step| PrPoint {
            threshold: Some(step.threshold),
            recall: step.hits as f64 / hits as f64,
            precision: precision(step),
        };
        Some(Self {
            points: std::iter::once(nothing)
                .chain(ranking.steps.iter().map(point))
                .collect(),
            area,
            prevalence: hits as f64 / (hits + others) as f64,
        })
    }

    /// The average precision alone.
    pub(crate) fn area(ranking: &Ranking) -> Option<f64> {
        if !ranking.is_mixed() {
            return None;
        }
        let (hits, _) = ranking.totals();
        let mut sum = 0.0;
        let mut before = 0;
        for step in &ranking.steps {
            sum += (step.hits - before) as f64 * precision(step);
            before = step.hits;
        }
        Some(sum / hits as f64)
    }
}

fn precision(step: &Step) -> f64 {
    step.hits as f64 / (step.hits + step.false_alarms) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scikit_learns_own_example() {
        let scores = [(0.1, false), (0.4, false), (0.35, true), (0.8, true)];
        let curve = PrCurve::of(&Ranking::of(scores.into_iter())).unwrap();
        let shares: Vec<_> = curve
            .points
            .iter()
            .map(|p| (p.recall, p.precision))
            .collect();
        let want = [
            (0.0, 1.0),
            (0.5, 1.0),
            (0.5, 0.5),
            (1.0, 2.0 / 3.0),
            (1.0, 0.5),
        ];
        assert_eq!(shares, want);
        assert!((curve.area - 5.0 / 6.0).abs() < 1e-15);
        assert_eq!(curve.prevalence, 0.5);
    }
}
