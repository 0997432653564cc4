//! `sarangi extract`.

use std::fs;
use std::path::Path;

use ndarray::{Array2, Array4, ArrayD, Axis, s};
use ndarray_npy::read_npy;
use sarangi_testkit::fixture;
use serde_json::Value;

use crate::support::{Folder, run, sarangi, tone, wav};

const FORMATS: [&str; 5] = [
    "drone/drone.000.wav",
    "drone/drone.001.mp3",
    "drone/drone.002.ogg",
    "drone/drone.003.au",
    "drone/drone.006.flac",
];

/// Width and height, as the header of a PNG file has them.
fn png_size(path: &Path) -> [u32; 2] {
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
}

#[test]
fn every_format_becomes_an_array_and_a_picture() {
    let folder = Folder::new();
    for file in FORMATS {
        let sound = fixture("audio").join(file);
        let array = folder.path("x.npy");
        run!("extract", "--feature", "mfcc", &sound, &array).done();
        let mfcc: Array2<f32> = read_npy(&array).unwrap();
        // Twelve seconds, and what an encoder adds at the ends.
        assert_eq!(mfcc.nrows(), 20, "{file}");
        assert!(
            (517..=522).contains(&mfcc.ncols()),
            "{file}: {:?}",
            mfcc.dim()
        );
        assert!(mfcc.iter().all(|x| x.is_finite()), "{file}");

        let picture = folder.path("x.png");
        run!("extract", "--feature", "log-mel", &sound, &picture).done();
        assert_eq!(png_size(&picture), [mfcc.ncols() as u32, 128], "{file}");
    }
}

#[test]
fn the_list_is_what_extract_does() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(3.0)));
    let list: Value = serde_json::from_str(&run!("extract", "--list", "--json").done()).unwrap();
    let text = run!("extract", "--list").done();
    let entries = list.as_array().unwrap();
    assert!(entries.len() >= 15, "{list}");
    for entry in entries {
        let name = entry["name"].as_str().unwrap();
        let array = folder.path(&format!("{name}.npy"));
        let mut arguments = vec!["extract".into(), "--feature".into(), name.to_owned()];
        // Every default can be given by hand.
        for (key, value) in entry["parameters"].as_object().unwrap() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            assert!(text.contains(&format!(" {key}=")), "{text}");
            arguments.extend(["--set".into(), format!("{key}={value}")]);
        }
        let files = [&sound, &array].map(|path| path.to_str().unwrap().to_owned());
        sarangi(arguments.iter().chain(&files)).done();
        let got: ArrayD<f32> = read_npy(&array).unwrap();
        let shape: Vec<usize> = serde_json::from_value(entry["shape"].clone()).unwrap();
        assert_eq!(got.shape(), shape, "{name}");
    }
}

#[test]
fn five_channels_are_those_of_consecutive_chunks_the_last_filled_up_with_silence() {
    let folder = Folder::new();
    let samples = tone(4.0);
    let mut tail = samples[66_150..].to_vec();
    tail.resize(66_150, 0.0);
    let extract = |name: &str, samples: &[f32]| -> Array4<f32> {
        let sound = folder.write(&format!("{name}.wav"), wav(22_050, samples));
        let array = folder.path(&format!("{name}.npy"));
        run!("extract", "--feature", "five-channel", &sound, &array).done();
        read_npy(&array).unwrap()
    };
    let whole = extract("whole", &samples);
    assert_eq!(whole.dim(), (2, 5, 40, 130));
    assert_eq!(
        whole.slice(s![..1, .., .., ..]),
        extract("head", &samples[..66_150])
    );
    assert_eq!(whole.slice(s![1.., .., .., ..]), extract("tail", &tail));

    let sound = folder.path("whole.wav");
    let [flag, setting] = ["a.npy", "b.npy"].map(|name| folder.path(name));
    run!(
        "extract",
        "--feature",
        "five-channel",
        "--chunk",
        "1.5",
        &sound,
        &flag
    )
    .done();
    run!(
        "extract",
        "--feature",
        "five-channel",
        "--set",
        "chunk=1.5",
        &sound,
        &setting
    )
    .done();
    assert_eq!(
        read_npy::<_, Array4<f32>>(&flag).unwrap().dim(),
        (3, 5, 40, 65)
    );
    assert_eq!(fs::read(flag).unwrap(), fs::read(setting).unwrap());

    let picture = folder.path("x.png");
    run!("extract", "--feature", "five-channel", &sound, &picture).done();
    assert_eq!(png_size(&picture), [260, 5 * 42 - 2]);
}

#[test]
fn settings_and_rate_are_heeded() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(2.0)));
    let extract = |arguments: &[&str]| -> Array2<f32> {
        let array = folder.path("x.npy");
        let mut all = vec!["extract", "--feature", "log-mel"];
        all.extend(arguments);
        all.extend([sound.to_str().unwrap(), array.to_str().unwrap()]);
        sarangi(all).done();
        read_npy(&array).unwrap()
    };
    let plain = extract(&[]);
    assert_eq!(plain.dim(), (128, 1 + 44_100 / 512));
    let floor = |map: &Array2<f32>| {
        let peak = map.fold(f32::MIN, |a, &b| a.max(b));
        peak - map.fold(f32::MAX, |a, &b| a.min(b))
    };
    assert_eq!(floor(&plain), 80.0);
    assert!(floor(&extract(&["--set", "top_db=none"])) > 80.0);
    assert!(extract(&["--set", "ref=max"]).iter().all(|&x| x <= 0.0));
    assert_ne!(extract(&["--set", "norm=none"]), plain);
    assert_eq!(
        extract(&["--set", "n_mels=40", "--set", "hop_length=256"]).dim(),
        (40, 173)
    );
    assert_eq!(extract(&["--rate", "11025"]).dim(), (128, 1 + 22_050 / 512));
}

/// The width and height of the picture that `extract` makes of two seconds with these arguments.
fn drawn(arguments: &[&str]) -> [u32; 2] {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(2.0)));
    let picture = folder.path("x.png");
    let mut all = vec!["extract"];
    all.extend(arguments);
    all.extend([sound.to_str().unwrap(), picture.to_str().unwrap()]);
    let answer = sarangi(all).done();
    let size = png_size(&picture);
    let shape = format!("({}, {})", size[1], size[0]);
    assert!(answer.contains(&shape), "{answer}");
    size
}

#[test]
fn pictures_have_axes_and_sizes_when_asked_for() {
    // The first of the five systems' pictures: 10 by 4 inches, axes, a bar of the colours, a title.
    let log_mel = ["--feature", "log-mel", "--set", "ref=max"];
    let system = [&log_mel[..], &["--axes", "--title", "Log-mel"]].concat();
    assert_eq!(drawn(&system), [1000, 400]);
    assert_eq!(drawn(&log_mel), [87, 128]);
    assert_eq!(
        drawn(&[&log_mel[..], &["--width", "256"]].concat()),
        [256, 400]
    );
    let small = [
        "--axes", "--width", "500", "--height", "250", "--cmap", "jet",
    ];
    assert_eq!(drawn(&[&log_mel[..], &small].concat()), [500, 250]);
    // Samples are drawn, whether with axes or not.
    assert_eq!(drawn(&["--feature", "waveform"]), [1000, 400]);
    let square = ["--feature", "waveform", "--width", "256", "--height", "256"];
    assert_eq!(drawn(&square), [256, 256]);
    // Of several maps each has a panel; chunks stand side by side.
    assert_eq!(
        drawn(&["--feature", "five-channel", "--chunk", "1", "--axes"]),
        [1000, 1000]
    );
}

#[test]
fn what_is_asked_of_a_picture_is_asked_of_no_array() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(1.0)));
    let array = folder.path("x.npy");
    let ran = run!("extract", "--feature", "mfcc", "--axes", &sound, &array);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains(".png"), "{ran:?}");
    let picture = folder.path("x.png");
    let title = run!(
        "extract",
        "--feature",
        "mfcc",
        "--title",
        "A",
        &sound,
        &picture
    );
    assert_eq!(title.code, 2, "{title:?}");
    let colours = run!(
        "extract",
        "--feature",
        "mfcc",
        "--cmap",
        "pink",
        &sound,
        &picture
    );
    assert_eq!(colours.code, 2, "{colours:?}");
    assert!(colours.err.contains("viridis"), "{colours:?}");
    let tiny = run!(
        "extract",
        "--feature",
        "mfcc",
        "--axes",
        "--height",
        "9",
        &sound,
        &picture
    );
    tiny.failed(&["x.png", "too small"]);
    assert!(!picture.exists() && !array.exists());
}

#[test]
fn a_folder_becomes_the_same_tree_whatever_the_threads() {
    let folder = Folder::new();
    for (name, file) in ["in/a.wav", "in/b/c.mp3", "in/b/d.ogg", "in/e/f/g.au"]
        .iter()
        .zip(FORMATS)
    {
        folder.copy(name, &format!("audio/{file}"));
    }
    folder.write("in/notes.txt", "no sound");
    let input = folder.path("in");
    for (threads, out) in [("1", "one"), ("2", "two")] {
        let ran = run!(
            "extract",
            "--feature",
            "mfcc",
            "--threads",
            threads,
            &input,
            folder.path(out)
        );
        assert!(ran.err.contains("extracting: 4 of 4 files"), "{ran:?}");
        assert!(ran.done().contains("4 file(s)"));
    }
    let want = ["a.npy", "b/c.npy", "b/d.npy", "e/f/g.npy"];
    assert_eq!(folder.files("one"), want);
    for file in want {
        let [one, two] = ["one", "two"].map(|out| folder.read(&format!("{out}/{file}")));
        assert!(one == two, "{file}");
    }
    let pictures = folder.path("pictures");
    run!(
        "extract",
        "--feature",
        "mfcc",
        "--format",
        "png",
        &input,
        &pictures
    )
    .done();
    assert_eq!(png_size(&pictures.join("b/c.png"))[1], 20);
}

#[test]
fn broken_files_of_a_folder_are_put_on_a_list() {
    let folder = Folder::new();
    folder.write("in/good.wav", wav(22_050, &tone(1.0)));
    folder.write("in/sub/empty.wav", "");
    folder.write(
        "in/twin.mp3",
        fs::read(fixture("audio").join(FORMATS[1])).unwrap(),
    );
    folder.write("in/twin.wav", wav(22_050, &tone(1.0)));
    let (input, out) = (folder.path("in"), folder.path("out"));
    let ran = run!("extract", "--quiet", "--feature", "mfcc", &input, &out);
    assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
    assert!(ran.err.contains("empty.wav"), "{ran:?}");
    assert!(ran.done().contains("2 of 4 failed"));
    assert_eq!(
        folder.files("out"),
        ["good.npy", "quarantine.json", "twin.npy"]
    );
    let list: Value = serde_json::from_slice(&folder.read("out/quarantine.json")).unwrap();
    assert_eq!(list[0]["path"], "sub/empty.wav");
    assert_eq!(list[1]["path"], "twin.wav");
    assert_eq!(list.as_array().unwrap().len(), 2);
    // The array of the first of the two: twelve seconds, not one.
    let twin: Array2<f32> = read_npy(out.join("twin.npy")).unwrap();
    assert!(twin.len_of(Axis(1)) > 500);

    fs::remove_file(folder.path("in/sub/empty.wav")).unwrap();
    fs::remove_file(folder.path("in/twin.wav")).unwrap();
    run!("extract", "--feature", "mfcc", &input, &out).done();
    assert_eq!(folder.files("out"), ["good.npy", "twin.npy"]);
}

#[test]
fn a_folder_without_a_usable_file_is_a_failure() {
    let folder = Folder::new();
    folder.write("in/empty.wav", "");
    let (input, out) = (folder.path("in"), folder.path("out"));
    let ran = run!("extract", "--feature", "mfcc", &input, &out);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("not one"), "{ran:?}");
    assert_eq!(folder.files("out"), ["quarantine.json"]);

    fs::remove_file(folder.path("in/empty.wav")).unwrap();
    run!("extract", "--feature", "mfcc", &input, &out).failed(&["in", "no sound files"]);
}
