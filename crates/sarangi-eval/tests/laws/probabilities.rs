//! Curves, calibration and temperature.

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_eval::{
    Calibration, Curves, Prediction, Predictions, RocCurve, Scores, Temperature, top_k_accuracy,
};

use crate::predictions;

/// Two classes whose probabilities are eighths, so that maps of them are exact.
fn eighths() -> impl Strategy<Value = Predictions> {
    prop::collection::vec((0usize..2, 0u8..=8), 2..60).prop_map(|rows| of_rows(&rows, |p| p))
}

fn of_rows(rows: &[(usize, u8)], map: impl Fn(f32) -> f32) -> Predictions {
    let chunk = |(index, &(truth, eighth)): (usize, &(usize, u8))| {
        let p = map(f32::from(eighth) / 8.0);
        Prediction {
            track: format!("{index}"),
            truth,
            probabilities: vec![p, 1.0 - p],
        }
    };
    let chunks = rows.iter().enumerate().map(chunk).collect();
    Predictions::new(vec!["a".into(), "b".into()], chunks).unwrap()
}

fn areas(curves: &[Option<RocCurve>]) -> Vec<Option<f64>> {
    curves.iter().map(|c| c.as_ref().map(|c| c.area)).collect()
}

proptest! {
    #[test]
    fn the_area_counts_pairs_that_are_in_order(predictions in predictions()) {
        for (class, curve) in Curves::of(&predictions).roc.iter().enumerate() {
            let (mut pairs, mut twice) = (0u64, 0u64);
            for a in predictions.chunks().iter().filter(|c| c.truth == class) {
                for b in predictions.chunks().iter().filter(|c| c.truth != class) {
                    let [a, b] = [a, b].map(|chunk| chunk.probabilities[class]);
                    pairs += 1;
                    twice += if a > b { 2 } else { u64::from(a == b) };
                }
            }
            let want = (pairs > 0).then(|| twice as f64 / (2.0 * pairs as f64));
            prop_assert_eq!(curve.as_ref().map(|c| c.area), want);
        }
    }

    #[test]
    fn a_map_that_keeps_the_order_keeps_the_areas(
        rows in prop::collection::vec((0usize..2, 0u8..=8), 2..60),
    ) {
        let [plain, mapped] = [of_rows(&rows, |p| p), of_rows(&rows, |p| p * p * (3.0 - 2.0 * p))];
        let [plain, mapped] = [plain, mapped].map(|p| Curves::of(&p));
        prop_assert_eq!(areas(&plain.roc), areas(&mapped.roc));
        let precisions = |c: &Curves| c.pr.iter().map(|c| c.as_ref().map(|c| c.area)).collect::<Vec<_>>();
        prop_assert_eq!(precisions(&plain), precisions(&mapped));
    }

    #[test]
    fn of_two_classes_each_is_told_from_the_other_as_well(predictions in eighths()) {
        let areas = areas(&Curves::of(&predictions).roc);
        prop_assert_eq!(areas[0], areas[1]);
    }

    #[test]
    fn curves_rise_from_corner_to_corner_and_bound_their_area(predictions in predictions()) {
        let curves = Curves::of(&predictions);
        for curve in curves.roc.iter().chain([&curves.roc_micro]).flatten() {
            let at: Vec<_> = curve.points.iter().map(|p| (p.false_positives, p.true_positives)).collect();
            prop_assert_eq!((at[0], at[at.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
            prop_assert!(at.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 <= w[1].1));
            let trapezia = at.windows(2).map(|w| 0.5 * (w[1].0 - w[0].0) * (w[0].1 + w[1].1));
            prop_assert!((trapezia.sum::<f64>() - curve.area).abs() < 1e-12);
        }
        for curve in curves.pr.iter().chain([&curves.pr_micro]).flatten() {
            prop_assert!(curve.points.is_sorted_by(|a, b| a.recall <= b.recall));
            prop_assert!(curve.area > 0.0 && curve.area <= 1.0 + 1e-12);
            let last = curve.points[curve.points.len() - 1];
            prop_assert_eq!((last.recall, last.precision), (1.0, curve.prevalence));
        }
        if let Some(mean) = &curves.roc_macro {
            let areas: Vec<f64> = areas(&curves.roc).into_iter().flatten().collect();
            let want = areas.iter().sum::<f64>() / areas.len() as f64;
            prop_assert!((mean.area - want).abs() < 1e-12, "{} {}", mean.area, want);
        }
    }

    #[test]
    fn calibration_errors_are_bounded_by_each_other(predictions in predictions(), bins in 1usize..30) {
        let got = Calibration::of(&predictions, bins).unwrap();
        prop_assert!(got.expected_error <= got.maximum_error + 1e-12);
        prop_assert!((0.0..=2.0 + 1e-6).contains(&got.brier));
        let n = predictions.chunks().len();
        prop_assert_eq!(got.bins.iter().map(|bin| bin.count).sum::<u64>(), n as u64);
        // A single bin says the least.
        let coarsest = Calibration::of(&predictions, 1).unwrap();
        prop_assert!(coarsest.expected_error <= got.expected_error + 1e-12);
    }

    #[test]
    fn a_fitted_temperature_keeps_decisions_and_is_no_worse_than_none(predictions in predictions()) {
        let temperature = Temperature::fit(&predictions);
        let scaled = temperature.scale(&predictions);
        for (before, after) in predictions.chunks().iter().zip(scaled.chunks()) {
            let (a, b) = (&before.probabilities, &after.probabilities);
            prop_assert!((b.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            // Rounding may make equals of what was different, but never turns an order around.
            for i in 0..a.len() {
                for j in 0..a.len() {
                    prop_assert!(a[i] <= a[j] || b[i] >= b[j]);
                }
            }
        }
        // The log loss that is reported cuts certain mistakes off, so where there are any the two
        // are not the same; what is fitted is compared.
        let loss = |predictions: &Predictions| -> f64 {
            let of = |c: &Prediction| -f64::from(c.probabilities[c.truth].max(f32::MIN_POSITIVE)).ln();
            predictions.chunks().iter().map(of).sum::<f64>() / predictions.chunks().len() as f64
        };
        prop_assert!(loss(&scaled) <= loss(&predictions) + 1e-4, "{temperature:?}");
    }

    #[test]
    fn the_order_of_chunks_changes_no_bit_of_curves_and_temperature(
        predictions in predictions(),
        seed: u64,
    ) {
        let mut shuffled = predictions.chunks().to_vec();
        Seed(seed).named("order").shuffle(&mut shuffled);
        let shuffled = Predictions::new(predictions.labels().to_vec(), shuffled).unwrap();
        prop_assert_eq!(Curves::of(&predictions), Curves::of(&shuffled));
        prop_assert_eq!(Temperature::fit(&predictions), Temperature::fit(&shuffled));
    }

    #[test]
    fn more_guesses_are_right_more_often(predictions in predictions()) {
        let classes = predictions.labels().len();
        let top: Vec<f64> = (0..=classes).map(|k| top_k_accuracy(&predictions, k)).collect();
        prop_assert!(top.is_sorted());
        prop_assert_eq!((top[0], top[classes]), (0.0, 1.0));
        prop_assert_eq!(top[1], Scores::of(&predictions).accuracy);
    }

    #[test]
    fn agreement_is_at_most_perfect(predictions in predictions()) {
        let scores = Scores::of(&predictions);
        let matthews = scores.matthews_correlation.unwrap();
        prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&matthews));
        if let Some(kappa) = scores.cohen_kappa {
            prop_assert!(kappa <= 1.0 && kappa.abs() <= matthews.abs() + 1e-12, "{} {}", kappa, matthews);
        }
    }
}
