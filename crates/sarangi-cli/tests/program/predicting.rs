//! Standard input, streams, indexes.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use sarangi_testkit::fixture;
use serde_json::Value;

use crate::support::{Folder, PROGRAM, Ran, run, tone, wav};

fn model() -> PathBuf {
    fixture("checkpoints/v1/quickstart.safetensors")
}

fn unseen() -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(fixture("unseen"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_unstable();
    files
}

/// Runs `sarangi predict MODEL …` with this on its standard input.
fn fed(input: &[u8], arguments: &[&str]) -> Ran {
    let mut child = Command::new(PROGRAM)
        .arg("predict")
        .arg(model())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it has read everything.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

#[test]
fn standard_input_is_a_file_like_others() {
    let file = &unseen()[0];
    let named = run!("predict", model(), file).done();
    let answer = named.split_once(": ").unwrap().1;
    let piped = fed(&fs::read(file).unwrap(), &["-"]).done();
    assert_eq!(piped, format!("-: {answer}"));

    fed(b"no sound", &["-"]).failed(&["-: is not a sound file"]);
    fed(b"", &["-"]).failed(&["-: file is empty"]);
    fed(b"", &["-", "x.wav"]).failed(&["standard input must be the only INPUT"]);
}

#[test]
fn a_folder_is_answered_in_order_and_broken_files_cost_nothing() {
    let folder = Folder::new();
    for (n, file) in unseen().iter().enumerate() {
        folder.write(&format!("in/{n}.bin.mp3"), fs::read(file).unwrap());
    }
    folder.write("in/1b.mp3", "broken");
    let ran = run!("predict", "--hop", "1", model(), folder.path("in"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.out.lines().count(), unseen().len(), "{ran:?}");
    assert!(ran.err.contains("1b.mp3"), "{ran:?}");
    run!("predict", "--hop", "9", model(), &unseen()[0]).failed(&["prediction: hop"]);
}

#[test]
fn a_stream_is_told_each_second() {
    let samples: Vec<u8> = tone(4.5)
        .iter()
        .flat_map(|x| {
            let sample = ((x * 32_767.0) as i16).to_le_bytes();
            [sample, sample].concat()
        })
        .collect();
    let text = fed(&samples, &["--live", "22050x2"]).done();
    let times: Vec<&str> = text
        .lines()
        .map(|l| l.split(" s: ").next().unwrap())
        .collect();
    assert_eq!(times, ["1.0", "2.0", "3.0", "4.0"], "{text}");

    // The fourth second's answer is that of the chunks from 0 s and 1 s.
    let folder = Folder::new();
    let quantised: Vec<f32> = tone(4.0)
        .iter()
        .map(|x| f32::from((x * 32_767.0) as i16) / 32_768.0)
        .collect();
    let file = folder.write("tone.wav", wav(22_050, &quantised));
    let whole = run!("predict", "--json", "--hop", "1", model(), &file).done();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let lines = fed(&samples, &["--json", "--live", "22050x2"]).done();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["so_far"]["label"], whole[0]["label"]);
    let sure = |answer: &Value| answer["confidence"].as_f64().unwrap();
    assert!((sure(&last["so_far"]) - sure(&whole[0])).abs() < 1e-5);
    assert_eq!(last["seconds"], 4.0);

    fed(&samples[..9_999], &["--live", "22050x2"]).failed(&["-: ends in the middle"]);
    fed(&samples[..8_000], &["--live", "22050x2"]).failed(&["less than a second"]);
    let wrong = fed(&[], &["--live", "0x2"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn tracks_that_sound_alike_are_found() {
    let folder = Folder::new();
    let music = folder.copy_music(&["drone", "pulse"], 3);
    folder.write("data/drone/broken.wav", "broken");
    let index = folder.path("music.index");
    let ran = run!("embed", model(), &music, "--out", &index);
    assert!(ran.err.contains("broken.wav"), "{ran:?}");
    assert!(ran.done().contains("6 tracks, 128 numbers each; 1 files"));

    let asked = music.join("drone").join(first(&folder, "data/drone"));
    let found = run!("similar", "--json", "--top-k", "2", model(), &index, &asked).done();
    let found: Value = serde_json::from_str(&found).unwrap();
    let similar = found[0]["similar"].as_array().unwrap();
    assert_eq!(similar.len(), 2);
    for track in similar {
        let name = track["name"].as_str().unwrap();
        assert!(
            name.contains("drone") && name != asked.to_str().unwrap(),
            "{found}"
        );
    }
    assert!(
        run!("similar", model(), &index, &asked)
            .done()
            .contains("drone")
    );

    let other = folder.write("other.safetensors", fs::read(model()).unwrap());
    assert_eq!(
        run!("similar", &other, &index, &asked).code,
        0,
        "the same bytes are the same model"
    );
    folder.write("other.safetensors", "x");
    run!("similar", &other, &index, &asked).failed(&["music.index", "made with another model"]);
    run!("similar", model(), model(), &asked).failed(&["sarangi.index"]);
}

/// The name of the first file of a folder that is a sound.
fn first(folder: &Folder, name: &str) -> String {
    let mut files = folder.files(name);
    files.retain(|file| file != "broken.wav");
    files.remove(0)
}
