//! `sarangi prepare check` and `clean`.

use std::fs;

use serde_json::Value;

use crate::support::{Folder, run, tone, wav};

/// Four good sounds of two classes, and four that are not.
fn music(folder: &Folder) -> std::path::PathBuf {
    let sound = |n: usize, seconds: f32| {
        let note = |i: usize| (i / 2205 * (7 + 4 * n) % 23) as f32;
        let sample = |(i, x): (usize, f32)| x * (0.02 * note(i) * i as f32).sin();
        tone(seconds)
            .into_iter()
            .enumerate()
            .map(sample)
            .collect::<Vec<f32>>()
    };
    for (n, name) in ["jazz/a", "jazz/b", "rock/c", "rock/d"].iter().enumerate() {
        folder.write(&format!("in/{name}.wav"), wav(22_050, &sound(n, 4.0)));
    }
    folder.write("in/jazz/silent.wav", wav(22_050, &vec![0.0; 88_200]));
    folder.write("in/jazz/broken.wav", "RIFF");
    let loud: Vec<f32> = sound(9, 4.0)
        .iter()
        .map(|x| (20.0 * x).clamp(-1.0, 1.0))
        .collect();
    folder.write("in/rock/clipped <b>.wav", wav(22_050, &loud));
    fs::copy(folder.path("in/rock/c.wav"), folder.path("in/rock/z.wav")).unwrap();
    folder.path("in")
}

#[test]
fn what_is_found_is_listed_drawn_and_reviewed() {
    let folder = Folder::new();
    let input = music(&folder);
    let before = folder.files("in");
    let out = folder.path("out");
    let ran = run!("prepare", "check", "--out", &out, &input);
    assert!(ran.err.contains("checking: 8 of 8 files"), "{ran:?}");
    let text = ran.done();
    for part in [
        "jazz/broken.wav  unreadable: ",
        "jazz/silent.wav  silence: is silent throughout",
        "rock/clipped <b>.wav  clipping: ",
        "rock/z.wav  exact_duplicate: is the same file as `rock/c.wav`",
        "class  files  flagged  minutes",
        "4 of 8 files have findings: 1 unreadable, 1 exact_duplicate, 1 silence, 1 clipping",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(
        folder.files("out"),
        ["check.json", "classes.png", "review.csv", "review.html"]
    );
    assert_eq!(folder.files("in"), before);

    let report: Value = serde_json::from_slice(&folder.read("out/check.json")).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 4);
    assert_eq!(report["files"].as_array().unwrap().len(), 7);
    assert_eq!(report["limits"]["silence_db"], -60.0);
    let page = String::from_utf8(folder.read("out/review.html")).unwrap();
    // Of the broken file there is no picture; of the copy also the file it is a copy of.
    assert_eq!(page.matches("data:image/png;base64,").count(), 4);
    assert!(page.contains("clipped &lt;b&gt;.wav") && !page.contains("clipped <b>.wav"));

    let review = String::from_utf8(folder.read("out/review.csv")).unwrap();
    assert_eq!(
        review.lines().next(),
        Some("path,label,finding,detail,keep")
    );
    assert_eq!(review.lines().count(), 5);
    // The same again, byte for byte; but not once somebody has decided.
    run!("prepare", "check", "--threads", "1", "--out", &out, &input).done();
    assert_eq!(
        String::from_utf8(folder.read("out/review.html")).unwrap(),
        page
    );
    let decided: String = review
        .lines()
        .map(
            |line| match line.ends_with(',') && !line.starts_with("jazz/silent") {
                true => format!("{line}no\n"),
                false => format!("{line}\n"),
            },
        )
        .collect();
    let list = folder.write("out/review.csv", decided);
    run!("prepare", "check", "--out", &out, &input).failed(&["review.csv", "reviewed already"]);

    let clean = folder.path("clean");
    let ran = run!(
        "prepare", "clean", "--review", &list, "--link", &input, &clean
    );
    assert!(
        ran.err
            .contains("1 file(s), which are kept, such as `jazz/silent.wav`"),
        "{ran:?}"
    );
    let text = ran.done();
    assert!(text.contains("5 files written to"), "{text}");
    let want = [
        "jazz/a.wav",
        "jazz/b.wav",
        "jazz/silent.wav",
        "rock/c.wav",
        "rock/d.wav",
    ];
    assert_eq!(folder.files("clean"), want);
    let again = run!(
        "prepare", "clean", "--quiet", "--review", &list, &input, &clean
    )
    .done();
    assert!(again.contains("already"), "{again}");

    let other = folder.write("other.csv", "path,keep\njazz/none.wav,no\n");
    let x = folder.path("x");
    run!("prepare", "clean", "--review", &other, &input, &x).failed(&["jazz/none.wav"]);
    let wrong = folder.write("wrong.csv", "path,keep\njazz/a.wav,perhaps\n");
    run!("prepare", "clean", "--review", &wrong, &input, &x).failed(&["line 2", "perhaps"]);
    assert!(!x.exists());
}

#[test]
fn limits_are_settings_and_senseless_ones_are_refused() {
    let folder = Folder::new();
    let input = music(&folder);
    for name in [
        "jazz/broken.wav",
        "jazz/silent.wav",
        "rock/clipped <b>.wav",
        "rock/z.wav",
    ] {
        fs::remove_file(input.join(name)).unwrap();
    }
    let text = run!("prepare", "check", &input).done();
    assert!(text.contains("nothing found in 4 files"), "{text}");
    let ran = run!(
        "prepare",
        "check",
        "--json",
        "--max-seconds",
        "3",
        "--set",
        "dc_offset=0",
        &input
    );
    let answer: Value = serde_json::from_str(&ran.done()).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let of = |kind: &str| findings.iter().filter(|f| f["finding"] == kind).count();
    assert_eq!((of("odd_length"), of("dc_offset")), (4, 4), "{answer}");
    run!("prepare", "check", "--set", "clip_run=0", &input).failed(&["check: clip_run"]);
    run!("prepare", "check", "--set", "volume=3", &input).failed(&["--set: check", "volume"]);
    run!(
        "prepare",
        "check",
        "--min-seconds",
        "5",
        "--max-seconds",
        "3",
        &input
    )
    .failed(&["min_seconds"]);
    let inside = run!("prepare", "check", "--out", input.join("review"), &input);
    assert_eq!(inside.code, 2, "{inside:?}");
    run!("prepare", "check", folder.path("none")).failed(&["none"]);
}

#[test]
fn pictures_are_reviewed_as_pictures() {
    let folder = Folder::new();
    folder.copy("in/a/x.png", "images/coloured.png");
    folder.copy("in/a/y.png", "images/coloured.png");
    folder.copy("in/b/z.png", "images/grey.png");
    folder.write("in/b/torn.jpg", b"\xff\xd8\xff\xe0");
    let (input, out) = (folder.path("in"), folder.path("out"));
    let text = run!("prepare", "check", "--out", &out, &input).done();
    assert!(text.contains("a/y.png  exact_duplicate"), "{text}");
    assert!(text.contains("b/torn.jpg  unreadable"), "{text}");
    assert!(!text.contains("minutes"), "{text}");
    let page = String::from_utf8(folder.read("out/review.html")).unwrap();
    assert_eq!(page.matches("data:image/png;base64,").count(), 2);
    assert!(!page.contains("<audio"));
}
