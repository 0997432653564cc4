//! Files and folders that cannot be used.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use sarangi_testkit::fixture;
use serde_json::Value;

use crate::support::{Folder, Ran, run, tone, wav, wav_header};
use crate::training::write_recipe;

/// Broken files, and what an error says of each.
fn broken_files(folder: &Folder, below: &str) -> Vec<(String, &'static str)> {
    let half = |file: &str, more: usize| {
        let bytes = fs::read(fixture("audio").join(file)).unwrap();
        bytes[..bytes.len() / 2 + more].to_vec()
    };
    let mut noisy = tone(1.0);
    noisy[11_025] = f32::NAN;
    let no_rate = {
        let mut file = wav_header(1, 16, 0, 4_000);
        file.extend([0; 4_000]);
        file
    };
    let files = [
        ("empty.wav", Vec::new(), "empty"),
        (
            "text.wav",
            b"Dear diary, today I pretended to be music.".to_vec(),
            "not a sound file",
        ),
        ("half.mp3", half("drone/drone.004.mp3", 0), "truncated"),
        // Without a header that tells the length, only a frame that is cut shows it.
        ("cut.mp3", half("drone/drone.001.mp3", 50), "truncated"),
        ("half.wav", half("drone/drone.000.wav", 0), "truncated"),
        ("nan.wav", wav(22_050, &noisy), "0.5"),
        ("no-rate.wav", no_rate, "0 Hz"),
        ("no-samples.wav", wav(22_050, &[]), "no sound"),
    ];
    let mut list = Vec::new();
    for (name, content, reason) in files {
        let name = format!("{below}{name}");
        folder.write(&name, content);
        list.push((name, reason));
    }
    let name = format!("{below}endless.wav");
    endless(folder, &name);
    list.push((name, "longer than"));
    list
}

/// Ten hours of silence that take no room on the disk.
fn endless(folder: &Folder, name: &str) {
    let bytes = 10 * 3600 * 22_050 * 2;
    let path = folder.write(name, "");
    let mut file = File::create(path).unwrap();
    file.write_all(&wav_header(1, 16, 22_050, bytes)).unwrap();
    file.set_len(44 + u64::from(bytes)).unwrap();
}

#[test]
fn a_broken_file_is_named_in_one_line_and_leaves_nothing_behind() {
    let folder = Folder::new();
    for (name, reason) in broken_files(&folder, "") {
        let sound = folder.path(&name);
        let begin = Instant::now();
        for feature in ["mfcc", "five-channel"] {
            let out = folder.path("out/x.npy");
            run!("extract", "--feature", feature, &sound, &out).failed(&[&name, reason]);
        }
        // Ten hours of silence take minutes to decode, and gigabytes to hold.
        assert!(begin.elapsed() < Duration::from_secs(10), "{name}");
    }
    assert_eq!(folder.files("out"), [""; 0]);
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new();
    let out = folder.path("out/x.npy");
    let extract = |name: &str| run!("extract", "--feature", "mfcc", folder.path(name), &out);
    symlink("nowhere", folder.path("dangling.wav")).unwrap();
    extract("dangling.wav").failed(&["dangling.wav"]);

    let locked = folder.write("locked.wav", wav(22_050, &tone(1.0)));
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // Whoever may read everything reads this, too.
    if fs::read(&locked).is_err() {
        extract("locked.wav").failed(&["locked.wav"]);
    }
    assert_eq!(folder.files("out"), [""; 0]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    let sound = folder.write("in/x.wav", wav(22_050, &tone(1.0)));
    let file = folder.write("file", "not a folder");
    run!("extract", "--feature", "mfcc", &sound, file.join("x.npy")).failed(&["file"]);
    let ran = run!(
        "extract",
        "--quiet",
        "--feature",
        "mfcc",
        folder.path("in"),
        &file
    );
    ran.failed(&["file"]);
    assert_eq!(folder.read("file"), b"not a folder");
}

/// Trains on `data` for one epoch.
fn train(folder: &Folder) -> Ran {
    let recipe = write_recipe(folder);
    run!(
        "train",
        "--quiet",
        &recipe,
        "--data",
        folder.path("data"),
        "--out",
        folder.path("run"),
        "--epochs",
        "1",
        "--device",
        "cpu",
    )
}

#[test]
fn folders_that_nothing_can_be_learned_from_are_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.path("data")).unwrap();
    train(&folder).failed(&["data", "no sound files"]);
    folder.copy_music(&["drone"], 3);
    train(&folder).failed(&["data", "one class", "drone"]);
    folder.copy_music(&["pulse"], 1);
    train(&folder).failed(&["data", "pulse", "1 usable track"]);
    let data = folder.path("none");
    let ran = run!(
        "train",
        write_recipe(&folder),
        "--data",
        data,
        "--out",
        folder.path("run")
    );
    ran.failed(&["none"]);
    // Features may be kept, whole; nothing else is there.
    let files = folder.files("run");
    assert!(
        files
            .iter()
            .all(|f| f.starts_with("cache/") && !f.contains(".part")),
        "{files:?}"
    );
}

#[test]
fn broken_files_of_a_training_folder_are_put_on_a_list_and_training_goes_on() {
    let folder = Folder::new();
    folder.copy_music(&["drone", "pulse"], 3);
    let broken = broken_files(&folder, "data/pulse/");
    let ran = train(&folder);
    assert!(ran.done().contains("model"));
    let list: Value = serde_json::from_slice(&folder.read("run/quarantine.json")).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), broken.len(), "{list:?}");
    for (name, reason) in broken {
        let name = name.strip_prefix("data/").unwrap();
        let entry = list.iter().find(|entry| entry["path"] == name).unwrap();
        assert!(
            entry["reason"].as_str().unwrap().contains(reason),
            "{entry}"
        );
    }
    assert!(folder.path("run/model.safetensors").exists());
}
