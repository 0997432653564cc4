//! What scikit-learn says of decisions.

use sarangi_eval::{ClassScore, Scores};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Expected {
    confusion: Vec<Vec<u64>>,
    row_fractions: Vec<Vec<f64>>,
    accuracy: f64,
    balanced_accuracy: f64,
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
    support: Vec<u64>,
    r#macro: [f64; 3],
    weighted: [f64; 3],
    log_loss: f64,
    matthews_correlation: f64,
    cohen_kappa: Option<f64>,
}

impl Expected {
    pub(crate) fn assert(&self, label: &str, got: &Scores, near: impl Fn(&str, f64, f64)) {
        assert_eq!(got.confusion.counts(), self.confusion, "{label}");
        let fractions = got.confusion.row_fractions();
        for (row, want) in fractions.iter().zip(&self.row_fractions) {
            for (&got, &want) in row.iter().zip(want) {
                near("row fraction", got, want);
            }
        }
        near("accuracy", got.accuracy, self.accuracy);
        near(
            "balanced accuracy",
            got.balanced_accuracy,
            self.balanced_accuracy,
        );
        near("log loss", got.log_loss, self.log_loss);
        near(
            "Matthews",
            got.matthews_correlation.unwrap(),
            self.matthews_correlation,
        );
        assert_eq!(
            got.cohen_kappa.is_some(),
            self.cohen_kappa.is_some(),
            "{label}: kappa"
        );
        near(
            "kappa",
            got.cohen_kappa.unwrap_or(0.0),
            self.cohen_kappa.unwrap_or(0.0),
        );
        assert_eq!(got.per_class.len(), self.support.len(), "{label}");
        for (i, class) in got.per_class.iter().enumerate() {
            near("precision", class.precision, self.precision[i]);
            near("recall", class.recall, self.recall[i]);
            near("f1", class.f1, self.f1[i]);
            assert_eq!(class.support, self.support[i], "{label}: support of {i}");
        }
        let average = |what: &str, got: &ClassScore, want: [f64; 3]| {
            near(what, got.precision, want[0]);
            near(what, got.recall, want[1]);
            near(what, got.f1, want[2]);
        };
        average("macro", &got.macro_average, self.r#macro);
        average("weighted", &got.weighted_average, self.weighted);
    }
}
