//! `sarangi augment`.

use sarangi_testkit::fixture;
use serde_json::Value;

use crate::support::{Folder, run, sarangi, tone, wav};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The samples of a mono WAV file of 32-bit floats, as `inspect` counts them.
fn samples(path: &std::path::Path) -> u64 {
    let info = json(&run!("inspect", "--json", path).done());
    info["samples"].as_u64().unwrap()
}

#[test]
fn a_transform_keeps_rate_and_channels_and_the_seed_decides() {
    let folder = Folder::new();
    // Stereo at 44,100 Hz.
    let song = fixture("audio/drone/drone.004.mp3");
    let augment = |seed: &str, out: &str| {
        let out = folder.path(out);
        let range = "semitones=[-2,2]";
        let ran = run!(
            "augment",
            "--transform",
            "pitch-shift",
            "--set",
            range,
            "--seed",
            seed,
            "--json",
            &song,
            &out
        );
        json(&ran.done())
    };
    let first = augment("1", "one.wav");
    assert_eq!(
        (&first["rate"], &first["channels"]),
        (&44_100.into(), &2.into())
    );
    let drawn = first["applied"][0]["semitones"].as_f64().unwrap();
    assert!((-2.0..2.0).contains(&drawn), "{first}");
    augment("1", "again.wav");
    assert!(folder.read("one.wav") == folder.read("again.wav"));
    let other = augment("2", "other.wav");
    assert_ne!(first["applied"], other["applied"]);
    assert!(folder.read("one.wav") != folder.read("other.wav"));

    let mono = folder.path("mono.wav");
    let ran = run!("augment", "--transform", "gain", "--mono", &song, &mono);
    let text = ran.done();
    assert!(text.contains("44100 Hz, 1 channel(s)"), "{text}");
    assert!(text.contains("\n  gain gain_db="), "{text}");
}

#[test]
fn what_was_applied_can_be_applied_again() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(8_000, &tone(1.0)));
    let recipe = r#"
        type = "compose"
        of = [
            { type = "time_stretch", rate = [0.8, 1.2] },
            { type = "gain", gain_db = [-6, 6], p = 0.5 },
            { type = "one_of", of = [{ type = "gain" }, { type = "pitch_shift" }] },
        ]
    "#;
    let recipe = folder.write("recipe.toml", recipe);
    let (out, log) = (folder.path("out.wav"), folder.path("log.json"));
    let seed = "5";
    run!(
        "augment",
        "--transform",
        &recipe,
        "--seed",
        seed,
        "--log",
        &log,
        &sound,
        &out
    )
    .done();
    let again = folder.path("again.wav");
    run!(
        "augment",
        "--transform",
        &log,
        "--seed",
        "6",
        &sound,
        &again
    )
    .done();
    assert!(folder.read("out.wav") == folder.read("again.wav"));
    let log = json(&String::from_utf8(folder.read("log.json")).unwrap());
    let rate = log["of"][0]["rate"].as_f64().unwrap();
    let want = (8_000.0 * 2.75625 / rate).round();
    assert!((samples(&out) as f64 - want).abs() <= 1.0, "{log}");
}

#[test]
fn nothing_is_cut_unless_16_bits_are_asked_for() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &[0.5, -0.5, 0.1]));
    let augment = |bits: &str| {
        run!(
            "augment",
            "--transform",
            "gain",
            "--set",
            "gain_db=12",
            "--bits",
            bits,
            "--json",
            &sound,
            folder.path("out.wav")
        )
    };
    let ran = augment("16");
    assert!(
        ran.err.contains("out.wav: 2 sample(s) beyond full scale"),
        "{ran:?}"
    );
    assert_eq!(json(&ran.done())["clipped"], 2);
    let ran = augment("32");
    assert_eq!(ran.err, "");
    assert_eq!(json(&ran.done())["clipped"], 0);
    let file = folder.read("out.wav");
    let last = f32::from_le_bytes(file[file.len() - 4..].try_into().unwrap());
    assert!((last - 0.398_107).abs() < 1e-6, "{last}");
}

#[test]
fn the_list_is_what_augment_does() {
    let folder = Folder::new();
    let sound = folder.write("x.wav", wav(22_050, &tone(0.5)));
    let list = json(&run!("augment", "--list", "--json").done());
    let text = run!("augment", "--list").done();
    let entries = list.as_array().unwrap();
    assert!(entries.len() >= 3, "{list}");
    for entry in entries {
        let name = entry["name"].as_str().unwrap();
        assert!(text.contains(&format!("{name}: {}", entry["summary"].as_str().unwrap())));
        let given = ["time-stretch", "pitch-shift", "gain"].contains(&name);
        let mut arguments: Vec<String> = ["augment", "--transform", name].map(Into::into).into();
        // Every default can be given by hand.
        for (key, value) in entry["parameters"].as_object().unwrap() {
            let value = match value {
                Value::String(value) => value.clone(),
                Value::Null => "none".to_owned(),
                other => other.to_string(),
            };
            assert!(text.contains(&format!(" {key}=")), "{text}");
            arguments.extend(["--set".into(), format!("{key}={value}")]);
        }
        let files = [&sound, &folder.path("out.wav")];
        arguments.extend(files.map(|path| path.to_str().unwrap().to_owned()));
        // Some need a file that is named.
        if given {
            sarangi(arguments).done();
        }
    }
}

#[test]
fn what_makes_no_sense_is_named() {
    let folder = Folder::new();
    let sound = folder.write("in/x.wav", wav(22_050, &tone(0.5)));
    let out = folder.path("x.wav");
    let augment = |transform: &str, setting: &str| {
        run!(
            "augment",
            "--transform",
            transform,
            "--set",
            setting,
            &sound,
            &out
        )
    };
    augment("streched", "rate=1").failed(&["`streched`", "time-stretch", "pitch-shift"]);
    augment("time-stretch", "speed=1").failed(&["time-stretch: speed", "known are rate"]);
    augment("time-stretch", "rate=fast").failed(&["time-stretch: rate", "[low, high]"]);
    augment("time-stretch", "rate=0").failed(&["time_stretch: rate", "got 0"]);
    augment("time-stretch", "rate=[2,1]").failed(&["time_stretch: rate", "low end"]);
    augment("time-stretch", "method=fast").failed(&["time-stretch: method", "librosa"]);
    let missing = folder.path("none.wav");
    run!("augment", "--transform", "gain", &missing, &out).failed(&["none.wav"]);
    let list = folder.write("list.toml", "type = \"gain\"\nlouder = 3\n");
    run!("augment", "--transform", &list, &sound, &out).failed(&["list.toml", "louder"]);
    let list = folder.write("list.json", "{\"type\": \"gian\"}");
    run!("augment", "--transform", &list, &sound, &out).failed(&["list.json", "gian"]);
    let none = folder.path("none.json");
    run!("augment", "--transform", none, &sound, &out).failed(&["none.json"]);

    let usage = [
        (run!("augment", &sound, &out), "--transform"),
        (run!("augment", "--transform", "gain", &sound), "OUT"),
        (run!("augment", "--list", "--transform", "gain"), "--list"),
        (
            run!(
                "augment",
                "--transform",
                "gain",
                &sound,
                folder.path("x.mp3")
            ),
            "OUT must end in .wav",
        ),
        (
            run!("augment", "--transform", "gain", folder.path("in"), &out),
            "sarangi prepare augment",
        ),
        (
            run!(
                "augment",
                "--transform",
                "gain",
                "--bits",
                "24",
                &sound,
                &out
            ),
            "--bits",
        ),
        (
            run!(
                "augment",
                "--transform",
                "gain",
                "--log",
                "x.txt",
                &sound,
                &out
            ),
            "--log: must end in .json",
        ),
        (
            run!(
                "augment",
                "--transform",
                &list,
                "--set",
                "p=1",
                &sound,
                &out
            ),
            "--set",
        ),
    ];
    for (ran, part) in usage {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "`{part}` is not in {ran:?}");
    }
    assert_eq!(folder.files(""), ["in/x.wav", "list.json", "list.toml"]);
}

#[test]
fn noise_is_white() {
    let folder = Folder::new();
    let song = fixture("audio/drone/drone.000.wav");
    let [short, long] = ["noise", "gaussian-noise"].map(|name| {
        let out = folder.path(&format!("{name}.wav"));
        run!("augment", "--transform", name, "--seed", "3", &song, &out).done();
        std::fs::read(out).unwrap()
    });
    assert!(short == long);
}
