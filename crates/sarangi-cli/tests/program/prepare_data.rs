//! `sarangi prepare convert`, `chunk`, `subsample` and `split`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, run, tone, wav};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn info(path: &Path) -> Value {
    json(&run!("inspect", "--json", path).done())
}

fn quarantined(folder: &Folder, list: &str) -> Vec<(String, String)> {
    let list: Value = serde_json::from_slice(&folder.read(list)).unwrap();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| (text(entry, "path"), text(entry, "reason")))
        .collect()
}

#[test]
fn a_tree_of_any_sound_and_video_becomes_wav_and_the_rest_is_listed() {
    let folder = Folder::new();
    folder.copy("in/film/a.mp4", "formats/film.mp4");
    folder.copy("in/song.mkv", "formats/mono-vorbis.mkv");
    folder.copy("in/jazz/x.flac", "formats/stereo.flac");
    folder.copy("in/jazz/x.mp3", "formats/mono-mpeglayeriii.mp3");
    folder.write("in/old/b.avi", b"RIFF\x10\0\0\0AVI LIST\0\0\0\0hdrl");
    folder.write("in/old/empty.wav", "");
    folder.write("in/notes.txt", "not a sound");
    let (input, out) = (folder.path("in"), folder.path("out"));
    let ran = run!("prepare", "convert", &input, &out);
    assert!(ran.err.contains("converting: 6 of 6 files"), "{ran:?}");
    let text = ran.done();
    assert!(text.contains("3 file(s) written to"), "{text}");
    assert!(text.contains("3 of 6 failed"), "{text}");
    let want = ["film/a.wav", "jazz/x.wav", "quarantine.json", "song.wav"];
    assert_eq!(folder.files("out"), want);
    let list = quarantined(&folder, "out/quarantine.json");
    let reasons = [
        ("jazz/x.mp3", "`jazz/x.flac`"),
        ("old/b.avi", "AVI is not supported"),
        ("old/empty.wav", "file is empty"),
    ];
    assert_eq!(list.len(), reasons.len(), "{list:?}");
    for (entry, (path, reason)) in list.iter().zip(reasons) {
        assert_eq!(entry.0, path);
        assert!(entry.1.contains(reason), "{entry:?}");
    }
    let (from, to) = (
        info(&folder.path("in/jazz/x.flac")),
        info(&folder.path("out/jazz/x.wav")),
    );
    assert_eq!(to["codec"], "16-bit PCM");
    for key in ["rate", "channels", "samples"] {
        assert_eq!(from[key], to[key], "{key}");
    }
    run!("prepare", "convert", &input, &out).failed(&["out", "already"]);
}

#[test]
fn a_file_is_converted_at_a_rate_and_in_mono() {
    let folder = Folder::new();
    let input = folder.copy("x.flac", "formats/stereo.flac");
    let out = folder.path("new/x.wav");
    let options = [
        "prepare", "convert", "--rate", "8000", "--mono", "--bits", "32", "--json",
    ];
    let ran = run!(
        options[0], options[1], options[2], options[3], options[4], options[5], options[6],
        options[7], &input, &out
    );
    let answer = json(&ran.done());
    assert_eq!(answer["written"][0]["rate"], 8000);
    let info = info(&out);
    assert_eq!(info["rate"], 8000);
    assert_eq!(info["channels"], 1);
    assert!(info["codec"].as_str().unwrap().contains("32-bit"), "{info}");

    let text = folder.write("a.txt", "no sound");
    run!("prepare", "convert", &text, folder.path("a.wav")).failed(&["a.txt", "not a sound"]);
    assert!(!folder.path("a.wav").exists());
    let none = folder.path("none");
    run!("prepare", "convert", &none, folder.path("b.wav")).failed(&["none"]);
    for (wrong, part) in [(folder.path("x.mp3"), ".wav"), (out.clone(), "IN itself")] {
        let ran = run!("prepare", "convert", &out, &wrong);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "{ran:?}");
    }
}

/// Sounds of 2.5 s and 1 s in two classes.
fn music(folder: &Folder) -> std::path::PathBuf {
    for (n, name) in ["jazz/a", "jazz/cd/b", "rock/a", "rock/c"]
        .iter()
        .enumerate()
    {
        let sound = tone(if n == 3 { 1.0 } else { 2.5 });
        let sound: Vec<f32> = sound.iter().map(|x| x * (0.5 + 0.1 * n as f32)).collect();
        folder.write(&format!("in/{name}.wav"), wav(22_050, &sound));
    }
    folder.path("in")
}

#[test]
fn chunks_follow_each_other_and_the_manifest_says_what_they_are_of() {
    let folder = Folder::new();
    let input = music(&folder);
    folder.write("in/rock/broken.wav", "RIFF");
    let out = folder.path("out");
    let ran = run!(
        "prepare",
        "chunk",
        "--seconds",
        "1",
        "--bits",
        "32",
        &input,
        &out
    );
    let text = ran.done();
    assert!(text.contains("10 chunks of 4 file(s)"), "{text}");
    assert!(text.contains("1 of 5 failed"), "{text}");
    let want = [
        "jazz/a_chunk1.wav",
        "jazz/a_chunk2.wav",
        "jazz/a_chunk3.wav",
        "jazz/cd/b_chunk1.wav",
        "jazz/cd/b_chunk2.wav",
        "jazz/cd/b_chunk3.wav",
        "manifest.csv",
        "quarantine.json",
        "rock/a_chunk1.wav",
        "rock/a_chunk2.wav",
        "rock/a_chunk3.wav",
        "rock/c_chunk1.wav",
    ];
    assert_eq!(folder.files("out"), want);
    let manifest = String::from_utf8(folder.read("out/manifest.csv")).unwrap();
    let mut lines = manifest.lines();
    assert_eq!(lines.next(), Some("path,label,track"));
    assert_eq!(lines.next(), Some("jazz/a_chunk1.wav,jazz,jazz/a.wav"));
    assert_eq!(lines.count(), 9);
    // One after the other they are the sound.
    let data = |name: &str| folder.read(name)[44 + 12..].to_vec();
    let samples =
        |n: usize| info(&folder.path(&format!("out/jazz/a_chunk{n}.wav")))["samples"].clone();
    assert_eq!(
        [1, 2, 3].map(samples),
        [22_050, 22_050, 11_025].map(Value::from)
    );
    let whole = folder.read("in/jazz/a.wav");
    let last = data("out/jazz/a_chunk3.wav");
    assert_eq!(last[last.len() - 40_000..], whole[whole.len() - 40_000..]);

    let options = |tail: &str, out: &str| {
        run!(
            "prepare",
            "chunk",
            "--seconds",
            "1",
            "--overlap",
            "0.5",
            "--tail",
            tail,
            "--count",
            "2",
            &input,
            folder.path(out)
        )
        .done();
        folder.files(out).len() - 2
    };
    assert_eq!(options("drop", "drop"), 7);
    assert_eq!(options("pad", "pad"), 8);
    let padded = info(&folder.path("pad/rock/c_chunk2.wav"));
    assert_eq!(padded["samples"], 22_050);
}

#[test]
fn what_a_manifest_knows_goes_with_the_chunks_and_no_split_parts_them() {
    let folder = Folder::new();
    let input = music(&folder);
    for n in 0..6 {
        let sound: Vec<f32> = tone(2.5)
            .iter()
            .map(|x| x * (0.3 + 0.01 * n as f32))
            .collect();
        folder.write(&format!("in/more/{n}.wav"), wav(22_050, &sound));
    }
    let mut table = "file,genre,artist,fold,recording\n".to_owned();
    table += "jazz/a.wav,jazz,Mala,1,\njazz/cd/b.wav,jazz,Mala,1,take 5\nrock/a.wav,rock,,2,\n";
    for n in 0..6 {
        let class = if n < 3 { "jazz" } else { "rock" };
        table += &format!("more/{n}.wav,{class},,2,\n");
    }
    folder.write("in/manifest.csv", table);
    let out = folder.path("out");
    run!("prepare", "chunk", "--seconds", "1", &input, &out).done();
    let manifest = String::from_utf8(folder.read("out/manifest.csv")).unwrap();
    for line in [
        "path,label,track,artist,fold",
        "jazz/a_chunk2.wav,jazz,jazz/a.wav,Mala,1",
        "jazz/cd/b_chunk3.wav,jazz,take 5,Mala,1",
        "more/5_chunk1.wav,rock,more/5.wav,,2",
    ] {
        assert!(manifest.lines().any(|l| l == line), "{line} in {manifest}");
    }

    let lists = folder.path("lists");
    run!(
        "prepare", "split", "--data", &out, "--out", &lists, "--seed", "5"
    )
    .done();
    let tracks = |part: &str| -> BTreeSet<String> {
        let list = String::from_utf8(folder.read(&format!("lists/{part}.txt"))).unwrap();
        let names = list.lines().filter(|line| !line.starts_with('#'));
        names
            .map(|name| name.rsplit_once("_chunk").unwrap().0.to_owned())
            .collect()
    };
    let [train, valid, test] = ["train", "valid", "test"].map(tracks);
    assert!(!train.is_empty() && !valid.is_empty() && !test.is_empty());
    assert!(train.is_disjoint(&valid) && train.is_disjoint(&test) && valid.is_disjoint(&test));
    assert_eq!(train.len() + valid.len() + test.len(), 9);
}

#[test]
fn senseless_chunks_are_refused_before_anything_is_read() {
    let folder = Folder::new();
    let input = music(&folder);
    let out = folder.path("out");
    run!("prepare", "chunk", "--seconds", "4000", &input, &out).failed(&["chunk: seconds"]);
    let none = folder.path("none");
    run!("prepare", "chunk", "--seconds", "1", &none, &out).failed(&["none"]);
    for (ran, part) in [
        (run!("prepare", "chunk", &input, &out), "--seconds"),
        (
            run!(
                "prepare",
                "chunk",
                "--seconds",
                "1",
                "--overlap",
                "1",
                &input,
                &out
            ),
            "--overlap",
        ),
        (
            run!(
                "prepare",
                "chunk",
                "--seconds",
                "1",
                &input,
                input.join("x")
            ),
            "outside IN_DIR",
        ),
        (
            run!("prepare", "chunk", "--seconds", "0", &input, &out),
            "above 0",
        ),
    ] {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "{ran:?}");
    }
    assert!(!out.exists());
    let copies = folder.path("copies");
    run!("prepare", "augment", "--transform", "gain", &input, &copies).done();
    run!("prepare", "chunk", "--seconds", "1", &copies, &out).failed(&["augmented.jsonl"]);
}

/// Files of two classes and a small one; what is in them does not matter here.
fn many(folder: &Folder) -> std::path::PathBuf {
    for (class, count) in [("jazz", 9), ("rock", 4), ("tango", 1)] {
        for n in 0..count {
            folder.write(&format!("many/{class}/{n}.wav"), format!("{class} {n}"));
        }
    }
    folder.path("many")
}

#[test]
fn a_subsample_is_drawn_once_and_stays() {
    let folder = Folder::new();
    let input = many(&folder);
    let draw = |most: &str, out: &str, more: &str| {
        run!(
            "prepare",
            "subsample",
            "--max-per-class",
            most,
            "--min-per-class",
            "2",
            "--seed",
            "3",
            more,
            &input,
            folder.path(out)
        )
    };
    let dry = draw("5", "out", "--dry-run").done();
    assert!(dry.contains("9 files would be written"), "{dry}");
    assert!(!folder.path("out").exists());
    let text = draw("5", "out", "--link").done();
    for part in [
        "jazz           9      5",
        "rock           4      4",
        "tango          1      0",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        text.contains("left out, with fewer than 2 files: tango"),
        "{text}"
    );
    let files = folder.files("out");
    assert_eq!(files.len(), 9);
    for file in &files {
        assert!(folder.read(&format!("out/{file}")) == folder.read(&format!("many/{file}")));
    }
    let when = |name: &str| fs::metadata(folder.path(name)).unwrap().modified().unwrap();
    let before = when("out");
    let again = json(&draw("5", "out", "--json").done());
    assert_eq!(again["written"], false);
    assert_eq!(again["files"], 9);
    assert_eq!(again["left_out"][0], "tango");
    assert_eq!((folder.files("out"), when("out")), (files.clone(), before));
    draw("4", "out", "--quiet").failed(&["out", "holds other files", "jazz/"]);
    assert_eq!(folder.files("out"), files);
    // As many threads as there are draw the same; another seed does not.
    draw("5", "copied", "--threads=1").done();
    assert_eq!(folder.files("copied"), files);
    // Content counts, not only names.
    folder.write(&format!("copied/{}", files[0]), "changed");
    draw("5", "copied", "--quiet").failed(&["copied", &files[0]]);
    let ran = run!(
        "prepare",
        "subsample",
        "--max-per-class",
        "0",
        &input,
        folder.path("x")
    );
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_folder_of_both_kinds_wants_to_be_told_which() {
    let folder = Folder::new();
    let input = many(&folder);
    folder.copy("many/jazz/cover.png", "images/grey.png");
    let ran = run!(
        "prepare",
        "subsample",
        "--max-per-class",
        "1",
        &input,
        folder.path("out")
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("--kind"), "{ran:?}");
    run!(
        "prepare",
        "subsample",
        "--max-per-class",
        "1",
        "--kind",
        "picture",
        &input,
        folder.path("out")
    )
    .done();
    assert_eq!(folder.files("out"), ["jazz/cover.png"]);
}

#[test]
fn lists_are_drawn_by_any_split_and_are_not_replaced() {
    let folder = Folder::new();
    let input = folder.path("in");
    for class in ["jazz", "rock"] {
        for n in 0..10 {
            folder.write(&format!("in/{class}/{n}.wav"), format!("{class} {n}"));
        }
    }
    let out = folder.path("lists");
    let draw = |setting: &str, seed: &str| {
        run!(
            "prepare", "split", "--data", &input, "--out", &out, "--set", setting, "--seed", seed,
            "--json"
        )
    };
    let answer = json(&draw("test=0.3", "1").done());
    let class = &answer["parts"][0]["classes"][0];
    let numbers = ["train", "valid", "test"].map(|part| class[part].as_u64().unwrap());
    assert_eq!(numbers, [5, 2, 3]);
    let list = String::from_utf8(folder.read("lists/test.txt")).unwrap();
    assert_eq!(
        list.lines().filter(|line| !line.starts_with('#')).count(),
        6
    );
    assert!(list.starts_with("# Drawn by"), "{list}");
    draw("test=0.3", "1").done();
    let other = draw("test=0.3", "2");
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.err.contains("another split"), "{other:?}");
    assert_eq!(
        String::from_utf8(folder.read("lists/test.txt")).unwrap(),
        list
    );

    let folds = folder.path("folds");
    let text = run!(
        "prepare",
        "split",
        "--data",
        &input,
        "--out",
        &folds,
        "--set",
        "split.type=k_fold",
        "--set",
        "folds=5"
    )
    .done();
    assert_eq!(text.matches("lists written to").count(), 5, "{text}");
    assert_eq!(folder.files("folds").len(), 15);
    let mut tested = BTreeSet::new();
    for fold in 1..=5 {
        let list = String::from_utf8(folder.read(&format!("folds/fold-{fold}/test.txt"))).unwrap();
        tested.extend(
            list.lines()
                .filter(|l| !l.starts_with('#'))
                .map(str::to_owned),
        );
    }
    assert_eq!(tested.len(), 20);

    let refused = |setting: &str| {
        run!(
            "prepare",
            "split",
            "--data",
            &input,
            "--out",
            folder.path("no"),
            "--set",
            setting
        )
    };
    refused("type=dance").failed(&["--set: split", "dance"]);
    refused("valid=2").failed(&["split: valid"]);
    let leaky = refused("type=leaky_chunks");
    assert_eq!(leaky.code, 2, "{leaky:?}");
    assert!(!folder.path("no").exists());
}
