//! Files of predictions that are not as they should be.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use sarangi_eval::{Prediction, Predictions};

fn predictions() -> Predictions {
    let chunk = |track: &str, truth, p: f32| Prediction {
        track: track.into(),
        truth,
        probabilities: vec![p, 1.0 - p],
    };
    let chunks = vec![
        chunk("दिन \"quoted\".wav", 0, 0.1),
        chunk("b.wav", 1, 1.0 / 3.0),
        chunk("b.wav", 1, f32::MIN_POSITIVE),
    ];
    Predictions::new(vec!["x".into(), "y".into()], chunks).unwrap()
}

#[test]
fn each_chunk_is_a_line_that_other_programs_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/predictions.jsonl");
    predictions().write_jsonl(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r#"{"labels":["x","y"],"predictions":3}"#);
    let second = r#"{"track":"b.wav","chunk":0,"truth":1,"probabilities":[0.33333334,0.6666666]}"#;
    assert_eq!(lines[2], second);
    assert!(lines[3].contains(r#""chunk":1"#) && lines.len() == 4);
    assert_eq!(Predictions::read_jsonl(&path).unwrap(), predictions());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions.jsonl");
    predictions().write_jsonl(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let cases = [
        (String::new(), "line 1: must hold the labels"),
        (lines[..3].join("\n"), "must hold 3 predictions, got 2"),
        (lines[..2].join("\n") + "\n{\"track\":", "line 3: "),
        (
            text.replace("\"chunk\":1", "\"chunk\":5"),
            "line 4: must be chunk 1 of `b.wav`, got 5",
        ),
        (
            text.replace("\"truth\":0", "\"truth\":2"),
            "chunks[0].truth",
        ),
        (text.replace("0.33333334", "0.9"), "chunks[1].probabilities"),
        (text.replace("\"truth\"", "\"label\""), "line 2: "),
    ];
    for (text, part) in cases {
        std::fs::write(&path, text).unwrap();
        let error = Predictions::read_jsonl(&path).unwrap_err().to_string();
        assert!(
            error.contains("predictions.jsonl") && error.contains(part),
            "{part}: {error}"
        );
    }
    std::fs::write(&path, [0xff, 0xfe, b'\n']).unwrap();
    assert!(Predictions::read_jsonl(&path).is_err());
    assert!(Predictions::read_jsonl(folder.path().join("none")).is_err());
}
