//! Agreement with scikit-learn (`fixtures/make/metrics.py`).
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod goldens {
    pub(crate) mod probabilities;
    pub(crate) mod scores;
}

use goldens::{probabilities, scores};
use sarangi_eval::{Evaluation, Pooling, Prediction, Predictions};
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
    #[serde(flatten)]
    scores: scores::Expected,
    probabilities: probabilities::Expected,
}

#[test]
fn scores_and_curves_are_those_of_scikit_learn() {
    let folder = fixture("golden/metrics");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let golden: Golden = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let predictions = golden.predictions();
        for (pooling, expected) in [
            (Pooling::Vote, &golden.vote),
            (Pooling::MeanProbability, &golden.mean_probability),
        ] {
            let got = Evaluation::of(&predictions, pooling);
            let label = format!("{name}: {pooling:?}");
            let pooled = predictions.pool(pooling);
            for (label, scores, predictions, expected) in [
                (&label, &got.track, &pooled, expected),
                (&name, &got.chunk, &predictions, &golden.chunk),
            ] {
                let near = |what: &str, got: f64, want: f64| {
                    assert!(
                        (got - want).abs() <= golden.atol,
                        "{label}: {what}: got {got}, want {want}"
                    );
                };
                expected.scores.assert(label, scores, near);
                expected
                    .probabilities
                    .assert(label, scores, predictions, near);
            }
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
