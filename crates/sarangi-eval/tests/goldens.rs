//! Agreement with scikit-learn (`fixtures/make/metrics.py`).
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use sarangi_eval::{ClassScore, Evaluation, Pooling, Prediction, Predictions, Scores};
use sarangi_testkit::fixture;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    atol: f64,
    tracks: Vec<String>,
    truth: Vec<usize>,
    probabilities: Vec<Vec<f32>>,
    chunk: Expected,
    vote: Expected,
    mean_probability: Expected,
}

#[derive(Deserialize)]
struct Expected {
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
}

#[test]
fn scores_are_those_of_scikit_learn() {
    let folder = fixture("golden/metrics");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let golden: Golden = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let predictions = golden.predictions();
        for (pooling, expected) in [
            (Pooling::Vote, &golden.vote),
            (Pooling::MeanProbability, &golden.mean_probability),
        ] {
            let got = Evaluation::of(&predictions, pooling);
            expected.assert(&format!("{name}: {pooling:?}"), &got.track, golden.atol);
            golden.chunk.assert(&name, &got.chunk, golden.atol);
        }
        files += 1;
    }
    assert!(files >= 9, "{files} golden files");
}

impl Golden {
    fn predictions(&self) -> Predictions {
        let labels = (0..self.probabilities[0].len()).map(|i| format!("class {i}"));
        let chunks = self.tracks.iter().zip(&self.truth).zip(&self.probabilities);
        let prediction = |((track, &truth), probabilities): ((&String, _), &Vec<f32>)| Prediction {
            track: track.clone(),
            truth,
            probabilities: probabilities.clone(),
        };
        Predictions::new(labels.collect(), chunks.map(prediction).collect()).unwrap()
    }
}

impl Expected {
    fn assert(&self, label: &str, got: &Scores, atol: f64) {
        let near = |what: &str, got: f64, want: f64| {
            assert!(
                (got - want).abs() <= atol,
                "{label}: {what}: got {got}, want {want}"
            );
        };
        assert_eq!(got.confusion.counts(), self.confusion, "{label}");
        for (row, want) in got
            .confusion
            .row_fractions()
            .iter()
            .zip(&self.row_fractions)
        {
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
