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
track accuracy   75.0 % ± 21.7 (4 tracks), by majority vote of the chunks
chunk accuracy   60.0 % (5 chunks)

                   chunks                                 tracks
class              precision  recall      f1   support    precision  recall      f1   support
Hindustānī vocal       0.500   0.500   0.500         2        0.500   1.000   0.667         1
演歌                   0.500   0.500   0.500         2        1.000   0.500   0.667         2
forró                  1.000   1.000   1.000         1        1.000   1.000   1.000         1

macro average          0.667   0.667   0.667         5        0.833   0.833   0.778         4
weighted average       0.600   0.600   0.600         5        0.875   0.750   0.750         4
balanced accuracy              0.667                                  0.833
log loss                       3.466                                  4.159

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
