//! The text of an evaluation.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use sarangi_eval::{Evaluation, Pooling, Prediction, Predictions};

fn evaluation() -> Evaluation {
    let chunk = |track: &str, truth, probabilities: [f32; 3]| Prediction {
        track: track.into(),
        truth,
        probabilities: probabilities.into(),
    };
    let labels = vec!["Hindustānī vocal".into(), "演歌".into(), "forró".into()];
    let chunks = vec![
        chunk("a", 0, [1.0, 0.0, 0.0]),
        chunk("a", 0, [0.0, 1.0, 0.0]),
        chunk("b", 1, [0.75, 0.25, 0.0]),
        chunk("c", 1, [0.0, 1.0, 0.0]),
        chunk("d", 2, [0.0, 0.0, 1.0]),
    ];
    Evaluation::of(&Predictions::new(labels, chunks).unwrap(), Pooling::Vote)
}

#[test]
fn both_levels_stand_side_by_side() {
    let want = "\
track accuracy   75.0 % (95 % interval 25.0 to 100.0; 4 tracks), by majority vote of the chunks
chunk accuracy   60.0 % (95 % interval 25.0 to 100.0; 5 chunks)

                      chunks                                 tracks
class                 precision  recall      f1   support    precision  recall      f1   support
Hindustānī vocal          0.500   0.500   0.500         2        0.500   1.000   0.667         1
演歌                      0.500   0.500   0.500         2        1.000   0.500   0.667         2
forró                     1.000   1.000   1.000         1        1.000   1.000   1.000         1

macro average             0.667   0.667   0.667         5        0.833   0.833   0.778         4
weighted average          0.600   0.600   0.600         5        0.875   0.750   0.750         4
balanced accuracy                 0.667                                  0.833
Matthews correlation              0.375                                  0.700
top-2 accuracy                    1.000                                  1.000
area below ROC                    0.806                                  0.764
average precision                 0.761                                  0.750
log loss                          3.466                                  4.159
calibration error                 0.350                                  0.375

most confused tracks (true → predicted)
  演歌 → Hindustānī vocal     1 of 2     50.0 %
";
    let got = evaluation().to_string();
    assert_eq!(got, want, "got:\n{got}");
}

#[test]
fn labels_that_are_missing_from_a_file_do_no_harm() {
    let mut evaluation = evaluation();
    evaluation.labels.truncate(1);
    evaluation.track.per_class.clear();
    assert!(evaluation.to_string().contains("? → Hindustānī vocal"));
}

#[test]
fn evaluations_stored_before_there_was_more_to_measure_are_still_read_and_shown() {
    let old = r#"{
        "labels": ["x", "y"], "pooling": "vote",
        "chunk": {
            "confusion": [[1, 1], [0, 2]], "accuracy": 0.75, "balanced_accuracy": 0.75,
            "per_class": [], "log_loss": 0.5,
            "macro_average": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 4},
            "weighted_average": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 4}
        },
        "track": {
            "confusion": [[1, 0], [0, 1]], "accuracy": 1.0, "balanced_accuracy": 1.0,
            "per_class": [], "log_loss": 0.5,
            "macro_average": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
            "weighted_average": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
        }
    }"#;
    let evaluation: Evaluation = serde_json::from_str(old).unwrap();
    assert_eq!(evaluation.intervals, None);
    assert_eq!(evaluation.track.calibration, None);
    let text = evaluation.to_string();
    assert!(
        text.starts_with("track accuracy  100.0 % (2 tracks), by majority vote"),
        "{text}"
    );
    assert!(
        text.contains("balanced accuracy") && text.contains("log loss"),
        "{text}"
    );
    for absent in ["Matthews", "top-", "ROC", "calibration"] {
        assert!(!text.contains(absent), "{text}");
    }
    // What is absent is not written as null either.
    assert!(!serde_json::to_string(&evaluation).unwrap().contains("null"));
}
