//! Wrong usage, and what the program says of itself.

use serde_json::Value;

use crate::support::{Folder, run, tone, wav};

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    let folder = Folder::new();
    let sound = folder.write("in/x.wav", wav(22_050, &tone(0.5)));
    let directory = folder.path("in");
    let out = folder.path("x.npy");
    let cases = [
        (run!(), "Usage"),
        (run!("dance"), "dance"),
        (run!("extract", "--feature", "mfcc", &sound), "OUT"),
        (run!("extract", &sound, &out), "--feature"),
        (
            run!(
                "extract",
                "--feature",
                "mfcc",
                "--set",
                "n_mfcc",
                &sound,
                &out
            ),
            "key=value",
        ),
        (
            run!("extract", "--feature", "mfcc", "--rate", "0", &sound, &out),
            "--rate",
        ),
        (
            run!(
                "extract",
                "--feature",
                "five-channel",
                "--chunk",
                "0",
                &sound,
                &out
            ),
            "--chunk",
        ),
        (
            run!(
                "extract",
                "--feature",
                "mfcc",
                "--threads",
                "0",
                &sound,
                &out
            ),
            "--threads",
        ),
        (
            run!("extract", "--feature", "mfcc", &sound, folder.path("x.txt")),
            "x.txt",
        ),
        (
            run!("extract", "--feature", "mfcc", &sound, folder.path("x")),
            ".npy or .png",
        ),
        (
            run!("extract", "--feature", "mfcc", &directory, &out),
            "IN is a folder",
        ),
        (
            run!(
                "extract",
                "--feature",
                "mfcc",
                "--format",
                "png",
                &sound,
                &out
            ),
            "--format",
        ),
        (run!("extract", "--list", "--feature", "mfcc"), "--list"),
        (run!("predict"), "MODEL"),
        (run!("train", "recipe.toml"), "--data"),
        (run!("predict", "m", "x", "--device", "abacus"), "abacus"),
    ];
    for (ran, part) in cases {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "`{part}` is not in {ran:?}");
        assert!(ran.out.is_empty(), "{ran:?}");
    }
    assert_eq!(folder.files(""), ["in/x.wav"]);
}

#[test]
fn help_and_version_are_answers() {
    assert!(run!("--version").done().starts_with("sarangi "));
    let help = run!("--help").done();
    for command in [
        "extract", "augment", "prepare", "train", "evaluate", "predict", "forward", "export",
        "inspect",
    ] {
        assert!(help.contains(command), "{help}");
        assert!(run!(command, "--help").done().contains("Usage"));
    }
}

#[test]
fn unknown_features_and_settings_are_answered_with_the_known_ones() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(0.5)));
    let out = folder.path("out/x.npy");
    let extract = |feature: &str, setting: &str| {
        run!(
            "extract",
            "--feature",
            feature,
            "--set",
            setting,
            &sound,
            &out
        )
    };
    extract("mffc", "n_mfcc=13").failed(&["`mffc`", "log-mel", "five-channel"]);
    extract("mfcc", "n_mel=64").failed(&["n_mel:", "n_mels", "n_mfcc"]);
    extract("mfcc", "n_mels=many").failed(&["mfcc: n_mels:"]);
    extract("mfcc", "n_mels=0").failed(&["n_mels", "0"]);
    extract("mfcc", "chunk=3").failed(&["chunk"]);
    extract("five-channel", "chunks=3").failed(&["chunks: unknown", ", chunk\n"]);
    extract("five-channel", "chunk=long").failed(&["chunk", "long"]);
    extract("five-channel", "chunk=1e9").failed(&["chunk", "3600"]);
    extract("five-channel", "chunk=0.01").failed(&["chunk", "9 frames"]);
    let extract = |chunk| {
        run!(
            "extract",
            "--feature",
            "mfcc",
            "--chunk",
            chunk,
            &sound,
            &out
        )
    };
    let ran = extract("3");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("--chunk: only five-channel"), "{ran:?}");
    assert_eq!(folder.files(""), ["x.wav"]);
}

#[test]
fn with_json_a_failure_is_a_document_too() {
    let folder = Folder::new();
    let missing = folder.path("none.wav");
    let ran = run!(
        "--json",
        "extract",
        "--feature",
        "mfcc",
        &missing,
        folder.path("x.npy")
    );
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let error = document["error"].as_str().unwrap();
    assert_eq!(ran.err, format!("error: {error}\n"));
    ran.failed(&["none.wav"]);
    run!("inspect", &missing).failed(&["none.wav"]);
    run!("predict", folder.path("none.safetensors"), &missing).failed(&["none.safetensors"]);
}

#[test]
fn inspect_tells_what_a_header_tells() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(8_000, &[0.0; 4_000]));
    let text = run!("inspect", &sound).done();
    for part in ["WAV", "8000 Hz\n", "channels  1", "0.50 s"] {
        assert!(text.contains(part), "{text}");
    }
    let info: Value = serde_json::from_str(&run!("inspect", "--json", &sound).done()).unwrap();
    assert_eq!(info["rate"], 8_000);
    assert_eq!(info["samples"], 4_000);
}
