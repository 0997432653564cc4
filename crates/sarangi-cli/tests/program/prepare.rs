//! `sarangi prepare augment`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::{Folder, run, tone, wav};

/// The list of copies: what each was made of, and how.
fn list(folder: &Folder, out: &str) -> BTreeMap<String, Value> {
    let text = String::from_utf8(folder.read(&format!("{out}/augmented.jsonl"))).unwrap();
    let lines = text.lines().map(|line| {
        let copy: Value = serde_json::from_str(line).unwrap();
        (copy["file"].as_str().unwrap().to_owned(), copy)
    });
    lines.collect()
}

/// Five short sounds in two classes.
fn music(folder: &Folder) -> std::path::PathBuf {
    for (n, name) in ["jazz/a", "jazz/b", "jazz/c", "rock/a", "rock/d"]
        .iter()
        .enumerate()
    {
        let sound = tone(0.5 + 0.1 * n as f32);
        folder.write(
            &format!("in/{name}.wav"),
            wav(8_000 + 1_000 * n as u32, &sound),
        );
    }
    folder.path("in")
}

const COPIES: [&str; 11] = [
    "jazz/augmented_a.wav",
    "jazz/augmented_b.wav",
    "jazz/augmented_c.wav",
    "jazz/original_augmented_1.wav",
    "jazz/original_augmented_2.wav",
    "jazz/original_augmented_3.wav",
    "rock/augmented_a.wav",
    "rock/augmented_d.wav",
    "rock/original_augmented_1.wav",
    "rock/original_augmented_2.wav",
    "rock/original_augmented_3.wav",
];

#[test]
fn a_folder_gets_stretched_and_shifted_copies_whatever_the_threads() {
    let folder = Folder::new();
    let input = music(&folder);
    for (threads, out) in [("1", "one"), ("2", "two")] {
        let ran = run!(
            "prepare",
            "augment",
            "--seed",
            "7",
            "--threads",
            threads,
            &input,
            folder.path(out)
        );
        assert!(ran.err.contains("augmenting: 5 of 5 files"), "{ran:?}");
        let text = ran.done();
        assert!(text.contains("11 copies of 5 file(s) written to"), "{text}");
    }
    let copies = list(&folder, "one");
    assert!(copies.keys().map(String::as_str).eq(COPIES));
    let mut files = vec!["augmented.jsonl"];
    files.extend(COPIES);
    assert_eq!(folder.files("one"), files);
    for file in files {
        let [one, two] = ["one", "two"].map(|out| folder.read(&format!("{out}/{file}")));
        assert!(one == two, "{file}");
    }

    let mut kinds = BTreeSet::new();
    for (file, copy) in &copies {
        // The rate of the source, and its length unless time was stretched.
        let source = folder.path("in").join(copy["source"].as_str().unwrap());
        let info = |path: &std::path::Path| -> Value {
            serde_json::from_str(&run!("inspect", "--json", path).done()).unwrap()
        };
        let (before, after) = (info(&source), info(&folder.path("one").join(file)));
        assert_eq!(before["rate"], after["rate"], "{file}");
        let applied = copy["applied"].as_array().unwrap();
        let mut length = before["samples"].as_f64().unwrap();
        for transform in applied {
            let kind = transform["type"].as_str().unwrap();
            kinds.insert(kind);
            if kind == "time_stretch" {
                let rate = transform["rate"].as_f64().unwrap();
                assert!((0.8..1.2).contains(&rate), "{copy}");
                length /= rate;
            } else {
                let semitones = transform["semitones"].as_f64().unwrap();
                assert!((-2.0..2.0).contains(&semitones), "{copy}");
            }
        }
        let error = after["samples"].as_f64().unwrap() - length;
        assert!(error.abs() <= 1.0, "{copy}: {error}");
    }
    assert_eq!(kinds, BTreeSet::from(["pitch_shift", "time_stretch"]));

    // Another seed draws others; what a file gets does not depend on the files beside it.
    fs::remove_file(folder.path("in/jazz/b.wav")).unwrap();
    run!(
        "prepare",
        "augment",
        "--seed",
        "7",
        &input,
        folder.path("less")
    )
    .done();
    for file in ["jazz/augmented_a.wav", "rock/original_augmented_2.wav"] {
        let [one, less] = ["one", "less"].map(|out| folder.read(&format!("{out}/{file}")));
        assert!(one == less, "{file}");
    }
    run!("prepare", "augment", &input, folder.path("other")).done();
    assert_ne!(list(&folder, "less"), list(&folder, "other"));
}

#[test]
fn a_policy_says_what_each_class_gets() {
    let folder = Folder::new();
    let input = music(&folder);
    let policy = r#"
        copies = 2
        classes.jazz = { type = "gain", gain_db = [-6, 6] }
    "#;
    let policy = folder.write("policy.toml", policy);
    let out = folder.path("out");
    run!("prepare", "augment", "--policy", &policy, &input, &out).done();
    let want = [
        "augmented.jsonl",
        "jazz/augmented2_a.wav",
        "jazz/augmented2_b.wav",
        "jazz/augmented2_c.wav",
        "jazz/augmented_a.wav",
        "jazz/augmented_b.wav",
        "jazz/augmented_c.wav",
        // What is not changed is there as it was.
        "rock/a.wav",
        "rock/d.wav",
    ];
    assert_eq!(folder.files("out"), want);
    assert!(folder.read("out/rock/a.wav") == folder.read("in/rock/a.wav"));
    let copies = list(&folder, "out");
    assert_eq!(copies.len(), 6);
    let [one, two] = ["augmented_a", "augmented2_a"].map(|name| {
        let copy = &copies[&format!("jazz/{name}.wav")];
        assert_eq!(copy["source"], "jazz/a.wav");
        copy["applied"][0]["gain_db"].as_f64().unwrap()
    });
    assert_ne!(one, two);

    let ran = |policy: &str, more: &str| {
        let policy = folder.write("policy.toml", policy);
        run!(
            "prepare",
            "augment",
            more,
            "--policy",
            policy,
            &input,
            folder.path("no")
        )
    };
    let polka = r#"classes.polka = { type = "gain" }"#;
    ran(polka, "--originals").failed(&["policy.toml: augment: classes", "`polka`", "jazz, rock"]);
    ran("copies = 0", "--originals").failed(&["policy.toml: augment: copies"]);
    ran("copies = 2", "--originals").failed(&["--policy", "none of the classes"]);
    ran("class = 3", "--originals").failed(&["policy.toml", "class"]);
    let wrong = r#"others = { type = "gain", gain_db = 1000 }"#;
    ran(wrong, "--originals").failed(&["policy.toml: gain: gain_db"]);
    assert!(!folder.path("no").exists());
}

#[test]
fn originals_stand_beside_their_copies_where_asked_for() {
    let folder = Folder::new();
    let input = music(&folder);
    let out = folder.path("out");
    let ran = run!(
        "prepare",
        "augment",
        "--transform",
        "gain",
        "--set",
        "gain_db=20",
        "--bits",
        "16",
        "--extra",
        "1",
        "--originals",
        &input,
        &out
    );
    assert!(ran.err.contains("beyond full scale"), "{ran:?}");
    let text = ran.done();
    assert!(
        text.contains("7 copies of 5 file(s) and 5 original(s)"),
        "{text}"
    );
    let want = [
        "augmented.jsonl",
        "jazz/a.wav",
        "jazz/augmented_a.wav",
        "jazz/augmented_b.wav",
        "jazz/augmented_c.wav",
        "jazz/b.wav",
        "jazz/c.wav",
        "jazz/original_augmented_1.wav",
        "rock/a.wav",
        "rock/augmented_a.wav",
        "rock/augmented_d.wav",
        "rock/d.wav",
        "rock/original_augmented_1.wav",
    ];
    assert_eq!(folder.files("out"), want);
    for file in ["jazz/a.wav", "rock/d.wav"] {
        assert!(folder.read(&format!("out/{file}")) == folder.read(&format!("in/{file}")));
    }
}

#[test]
fn broken_files_are_put_on_a_list() {
    let folder = Folder::new();
    let input = music(&folder);
    folder.write("in/jazz/broken.wav", "RIFF");
    folder.write("in/rock/a.mp3", wav(8_000, &tone(0.5)));
    let out = folder.path("out");
    let ran = run!(
        "prepare", "augment", "--quiet", "--extra", "0", &input, &out
    );
    assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
    let text = ran.done();
    assert!(text.contains("5 copies of 5 file(s)"), "{text}");
    assert!(text.contains("2 of 7 failed"), "{text}");
    let quarantine: Value = serde_json::from_slice(&folder.read("out/quarantine.json")).unwrap();
    assert_eq!(quarantine[0]["path"], "jazz/broken.wav");
    assert_eq!(quarantine[1]["path"], "rock/a.wav");
    let copies = list(&folder, "out");
    assert_eq!(copies["rock/augmented_a.wav"]["source"], "rock/a.mp3");
    let hidden: Vec<_> = folder
        .files("out")
        .into_iter()
        .filter(|f| f.starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");

    let broken = folder.write("bad/x/y.wav", "");
    let bad = folder.path("bad");
    let ran = run!("prepare", "augment", &bad, folder.path("none"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("not one of the sound files"), "{ran:?}");
    assert_eq!(folder.files("none"), ["quarantine.json"]);
    // Such a folder may be used again.
    fs::write(broken, wav(8_000, &tone(0.5))).unwrap();
    run!("prepare", "augment", &bad, folder.path("none")).done();
    assert_eq!(folder.files("none").len(), 5);
}

#[test]
fn copies_do_not_mix_with_other_files() {
    let folder = Folder::new();
    let input = music(&folder);
    let out = folder.path("out");
    run!("prepare", "augment", "--transform", "gain", &input, &out).done();
    let again = run!("prepare", "augment", "--transform", "gain", &input, &out);
    again.failed(&["out", "already", "new folder"]);
    let copies = run!("prepare", "augment", &out, folder.path("copies"));
    copies.failed(&["augmented.jsonl", "originals"]);
    let nothing = folder.path("nothing");
    run!("prepare", "augment", &nothing, folder.path("x")).failed(&["nothing"]);
    let file = folder.path("in/jazz/a.wav");
    run!("prepare", "augment", &file, folder.path("x")).failed(&["a.wav", "not a folder"]);
    for inside in [
        &input,
        &input.join("new/folder"),
        &folder.path("out/../in/x"),
    ] {
        let ran = run!("prepare", "augment", &input, inside);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("outside IN_DIR"), "{ran:?}");
    }
    let usage = [
        (run!("prepare"), "Usage"),
        (run!("prepare", "dance"), "dance"),
        (run!("prepare", "augment", &input), "OUT_DIR"),
        (
            run!(
                "prepare",
                "augment",
                "--set",
                "p=1",
                &input,
                folder.path("x")
            ),
            "--transform",
        ),
        (
            run!(
                "prepare",
                "augment",
                "--copies",
                "0",
                &input,
                folder.path("x")
            ),
            "--copies",
        ),
    ];
    for (ran, part) in usage {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "`{part}` is not in {ran:?}");
    }
    assert!(!folder.path("x").exists());
    assert_eq!(folder.files("in").len(), 5);
}

#[test]
fn what_a_manifest_says_of_a_file_it_says_of_its_copies() {
    let folder = Folder::new();
    let input = music(&folder);
    let table = "path,label,track\njazz/a.wav,jazz,live\njazz/b.wav,jazz,live\nrock/d.wav,rock,\n";
    folder.write("in/manifest.csv", table);
    let out = folder.path("out");
    let ran = run!(
        "prepare",
        "augment",
        "--transform",
        "gain",
        "--originals",
        &input,
        &out
    );
    ran.done();
    let manifest = String::from_utf8(folder.read("out/manifest.csv")).unwrap();
    let mut lines: Vec<&str> = manifest.lines().skip(1).collect();
    lines.sort_unstable();
    let want = [
        "jazz/a.wav,jazz,live",
        "jazz/augmented_a.wav,jazz,live",
        "jazz/augmented_b.wav,jazz,live",
        "jazz/b.wav,jazz,live",
        "rock/augmented_d.wav,rock,",
        "rock/d.wav,rock,",
    ];
    assert_eq!(lines, want);
}
