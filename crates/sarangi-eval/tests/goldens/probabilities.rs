//! What scikit-learn and scipy say of probabilities.

use sarangi_eval::{Areas, Curves, PrCurve, Predictions, RocCurve, Scores, Temperature};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Expected {
    areas: ExpectedAreas,
    curves: Option<ExpectedCurves>,
    calibration: ExpectedCalibration,
    temperature: f64,
    top_k: Vec<(usize, f64)>,
}

#[derive(Deserialize)]
struct ExpectedAreas {
    roc: ExpectedArea,
    precision: ExpectedArea,
}

#[derive(Deserialize)]
struct ExpectedArea {
    per_class: Vec<Option<f64>>,
    r#macro: Option<f64>,
    micro: Option<f64>,
}

#[derive(Deserialize)]
struct ExpectedCurves {
    /// The first classes.
    per_class: Vec<Option<ExpectedCurve>>,
    micro: Option<ExpectedCurve>,
}

#[derive(Deserialize)]
struct ExpectedCurve {
    /// False positives, true positives, thresholds.
    roc: [Vec<f64>; 3],
    /// Precision, recall, thresholds, from the end.
    pr: [Vec<f64>; 3],
}

#[derive(Deserialize)]
struct ExpectedCalibration {
    counts: Vec<u64>,
    /// Of the bins that have examples.
    confidence: Vec<f64>,
    accuracy: Vec<f64>,
    expected_error: f64,
    maximum_error: f64,
    brier: f64,
}

impl Expected {
    pub(crate) fn assert(
        &self,
        label: &str,
        scores: &Scores,
        predictions: &Predictions,
        near: impl Fn(&str, f64, f64),
    ) {
        let curves = Curves::of(predictions);
        let areas = scores.roc_area.as_ref().unwrap();
        self.areas
            .roc
            .assert(&format!("{label}: ROC"), areas, &near);
        let areas = scores.average_precision.as_ref().unwrap();
        self.areas
            .precision
            .assert(&format!("{label}: PR"), areas, &near);
        self.assert_areas_of_curves(label, &curves, &near);
        if let Some(expected) = &self.curves {
            let micro = [(
                expected.micro.as_ref(),
                curves.roc_micro.as_ref(),
                curves.pr_micro.as_ref(),
            )];
            let classes = expected
                .per_class
                .iter()
                .zip(curves.roc.iter().zip(&curves.pr));
            let classes =
                classes.map(|(want, (roc, pr))| (want.as_ref(), roc.as_ref(), pr.as_ref()));
            for (want, roc, pr) in classes.chain(micro.into_iter().filter(|m| m.0.is_some())) {
                match (want, roc, pr) {
                    (Some(want), Some(roc), Some(pr)) => want.assert(label, roc, pr, &near),
                    (None, None, None) => {}
                    _ => panic!("{label}: a curve too many or too few"),
                }
            }
        }
        self.assert_calibration(label, scores, &near);
        near(
            "temperature",
            Temperature::fit(predictions).value(),
            self.temperature,
        );
        let got: Vec<(usize, f64)> = scores
            .top_k
            .iter()
            .map(|top| (top.k, top.accuracy))
            .collect();
        assert_eq!(got.len(), self.top_k.len(), "{label}");
        for (got, want) in got.iter().zip(&self.top_k) {
            assert_eq!(got.0, want.0, "{label}");
            near("top-k accuracy", got.1, want.1);
        }
    }

    /// The curves' own areas are those of the scores.
    fn assert_areas_of_curves(&self, label: &str, curves: &Curves, near: impl Fn(&str, f64, f64)) {
        let roc = curves.roc.iter().map(|c| c.as_ref().map(|c| c.area));
        let pr = curves.pr.iter().map(|c| c.as_ref().map(|c| c.area));
        for (got, want) in roc
            .zip(&self.areas.roc.per_class)
            .chain(pr.zip(&self.areas.precision.per_class))
        {
            near_option(label, got, *want, &near);
        }
        let macros = [curves.roc_macro.as_ref().map(|c| c.area), curves.pr_macro];
        near_option(label, macros[0], self.areas.roc.r#macro, &near);
        near_option(label, macros[1], self.areas.precision.r#macro, &near);
    }

    fn assert_calibration(&self, label: &str, scores: &Scores, near: impl Fn(&str, f64, f64)) {
        let (got, want) = (scores.calibration.as_ref().unwrap(), &self.calibration);
        let counts: Vec<u64> = got.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, want.counts, "{label}: bins");
        let filled: Vec<_> = got.bins.iter().filter(|bin| bin.count > 0).collect();
        for (i, bin) in filled.iter().enumerate() {
            near("confidence", bin.confidence.unwrap(), want.confidence[i]);
            near("bin's accuracy", bin.accuracy.unwrap(), want.accuracy[i]);
        }
        near(
            "expected calibration error",
            got.expected_error,
            want.expected_error,
        );
        near(
            "maximum calibration error",
            got.maximum_error,
            want.maximum_error,
        );
        near("Brier", got.brier, want.brier);
    }
}

impl ExpectedArea {
    fn assert(&self, label: &str, got: &Areas, near: impl Fn(&str, f64, f64)) {
        assert_eq!(got.per_class.len(), self.per_class.len(), "{label}");
        for (&got, &want) in got.per_class.iter().zip(&self.per_class) {
            near_option(label, got, want, &near);
        }
        near_option(label, got.macro_average, self.r#macro, &near);
        near_option(label, got.micro_average, self.micro, &near);
    }
}

impl ExpectedCurve {
    fn assert(&self, label: &str, roc: &RocCurve, pr: &PrCurve, near: impl Fn(&str, f64, f64)) {
        assert_eq!(roc.points.len(), self.roc[0].len(), "{label}: ROC");
        assert_eq!(roc.points[0].threshold, None, "{label}");
        for (i, point) in roc.points.iter().enumerate() {
            near("false positives", point.false_positives, self.roc[0][i]);
            near("true positives", point.true_positives, self.roc[1][i]);
            if i > 0 {
                near("threshold", point.threshold.unwrap(), self.roc[2][i - 1]);
            }
        }
        assert_eq!(pr.points.len(), self.pr[0].len(), "{label}: PR");
        for (i, point) in pr.points.iter().rev().enumerate() {
            near("precision", point.precision, self.pr[0][i]);
            near("recall", point.recall, self.pr[1][i]);
            match point.threshold {
                Some(threshold) => near("threshold", threshold, self.pr[2][i]),
                None => assert_eq!(i, self.pr[2].len(), "{label}"),
            }
        }
    }
}

fn near_option(label: &str, got: Option<f64>, want: Option<f64>, near: &impl Fn(&str, f64, f64)) {
    match (got, want) {
        (Some(got), Some(want)) => near(label, got, want),
        (None, None) => {}
        _ => panic!("{label}: got {got:?}, want {want:?}"),
    }
}
