//! The curves of every class, and their averages.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ranking::Ranking;
use super::{PrCurve, RocCurve, RocPoint};
use crate::Predictions;

/// The areas below the curves of every class against the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Areas {
    /// For each class; none where all examples are of it, or none is.
    pub per_class: Vec<Option<f64>>,
    /// The mean of those there are; none if there are none.
    pub macro_average: Option<f64>,
    /// The area when each class of each example is a decision of its own.
    pub micro_average: Option<f64>,
}

/// ROC and precision-recall curves, each class against the rest, from probabilities.
///
/// The curve of class k is scikit-learn's `roc_curve` or `precision_recall_curve` of `truth == k` and
/// `probabilities[:, k]`; the micro averages are those of the raveled indicators and probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The ROC curve of each class; none where all examples are of it, or none is.
    pub roc: Vec<Option<RocCurve>>,
    /// The ROC curve of all decisions together.
    pub roc_micro: Option<RocCurve>,
    /// The mean of the classes' ROC curves.
    pub roc_macro: Option<MeanCurve>,
    /// The precision-recall curve of each class; none where all examples are of it, or none is.
    pub pr: Vec<Option<PrCurve>>,
    /// The precision-recall curve of all decisions together.
    pub pr_micro: Option<PrCurve>,
    /// The mean of the classes' average precisions. There is no mean curve, as precision is not to be
    /// interpolated.
    pub pr_macro: Option<f64>,
}

/// The mean of several curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanCurve {
    /// Its corners, from left to right.
    pub points: Vec<(f64, f64)>,
    /// The area below, which is the mean of the curves' areas.
    pub area: f64,
}

impl Curves {
    /// The curves of predictions, for chunks or, once [pooled](Predictions::pool), for tracks.
    ///
    /// Proved against scikit-learn by `fixtures/golden/metrics`.
    pub fn of(predictions: &Predictions) -> Self {
        let (roc, pr): (Vec<_>, Vec<_>) = (0..predictions.labels().len())
            .into_par_iter()
            .map(|class| {
                let ranking = Ranking::of_class(predictions, class);
                (RocCurve::of(&ranking), PrCurve::of(&ranking))
            })
            .unzip();
        let all = Ranking::of_all(predictions);
        Self {
            roc_micro: RocCurve::of(&all),
            roc_macro: mean_curve(&roc),
            pr_micro: PrCurve::of(&all),
            pr_macro: mean(pr.iter().flatten().map(|curve| curve.area)),
            roc,
            pr,
        }
    }
}

/// The areas below the ROC curves and the average precisions, without the curves.
pub(crate) fn areas(predictions: &Predictions) -> [Areas; 2] {
    let both: Vec<[Option<f64>; 2]> = (0..predictions.labels().len())
        .into_par_iter()
        .map(|class| of_ranking(&Ranking::of_class(predictions, class)))
        .collect();
    let micro = of_ranking(&Ranking::of_all(predictions));
    [0, 1].map(|kind| Areas {
        per_class: both.iter().map(|areas| areas[kind]).collect(),
        macro_average: mean(both.iter().filter_map(|areas| areas[kind])),
        micro_average: micro[kind],
    })
}

fn of_ranking(ranking: &Ranking) -> [Option<f64>; 2] {
    [RocCurve::area(ranking), PrCurve::area(ranking)]
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The vertical mean. A curve that rises at a place has a lower and an upper end there; both have
/// their mean, so that the area is the mean of the areas (where values are interpolated on a grid,
/// as is often done, it is not).
fn mean_curve(curves: &[Option<RocCurve>]) -> Option<MeanCurve> {
    let curves: Vec<&[RocPoint]> = curves
        .iter()
        .flatten()
        .map(|c| c.points.as_slice())
        .collect();
    let mut places: Vec<f64> = curves
        .iter()
        .copied()
        .flatten()
        .map(|p| p.false_positives)
        .collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    if curves.is_empty() {
        return None;
    }
    let mut sums = vec![[0.0; 2]; places.len()];
    for points in &curves {
        let mut next = 0;
        for (sum, &x) in sums.iter_mut().zip(&places) {
            while points[next].false_positives < x {
                next += 1;
            }
            let lower = if points[next].false_positives == x {
                points[next].true_positives
            } else {
                between(points[next - 1], points[next], x)
            };
            let mut upper = lower;
            while next < points.len() && points[next].false_positives == x {
                upper = points[next].true_positives;
                next += 1;
            }
            next = next.min(points.len() - 1);
            sum[0] += lower;
            sum[1] += upper;
        }
    }
    let n = curves.len() as f64;
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(2 * places.len());
    for (&x, sum) in places.iter().zip(&sums) {
        for y in sum.map(|sum| sum / n) {
            if corners.last() != Some(&(x, y)) {
                corners.push((x, y));
            }
        }
    }
    let area = corners.windows(2).map(|pair| {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        0.5 * (x1 - x0) * (y0 + y1)
    });
    Some(MeanCurve {
        area: area.sum(),
        points: corners,
    })
}

fn between(from: RocPoint, to: RocPoint, x: f64) -> f64 {
    let share = (x - from.false_positives) / (to.false_positives - from.false_positives);
    from.true_positives + share * (to.true_positives - from.true_positives)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Option<RocCurve> {
        let point = |&(false_positives, true_positives): &(f64, f64)| RocPoint {
            threshold: None,
            false_positives,
            true_positives,
        };
        let points = points.iter().map(point).collect();
        Some(RocCurve { points, area: 0.0 })
    }

    #[test]
    fn the_mean_of_a_perfect_and_a_guessing_classifier() {
        let perfect = curve(&[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
        let guess = curve(&[(0.0, 0.0), (1.0, 1.0)]);
        let mean = mean_curve(&[perfect, None, guess]).unwrap();
        assert_eq!(mean.points, [(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)]);
        assert_eq!(mean.area, 0.75);
        assert!(mean_curve(&[None, None]).is_none());
    }

    #[test]
    fn steps_at_different_places_keep_their_area() {
        let a = curve(&[(0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (1.0, 1.0)]);
        let b = curve(&[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (1.0, 1.0)]);
        let mean = mean_curve(&[a, b]).unwrap();
        assert_eq!(mean.area, 0.625);
        let steps = [
            (0.0, 0.0),
            (0.25, 0.0),
            (0.25, 0.5),
            (0.5, 0.5),
            (0.5, 1.0),
            (1.0, 1.0),
        ];
        assert_eq!(mean.points, steps);
    }
}
