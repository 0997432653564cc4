//! Train, evaluate, predict, inspect.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sarangi_testkit::fixture;
use serde_json::Value;

use crate::support::{Folder, PROGRAM, Ran, run, sarangi, tone, wav};

const CLASSES: [&str; 3] = ["drone", "march", "pulse"];

/// A recipe of the five channels, small enough for a test.
pub(crate) fn write_recipe(folder: &Folder) -> PathBuf {
    let recipe = r#"
        name = "test"
        seed = 3
        normalise = "standardise"
        [front_end]
        features = { type = "five_channel" }
        [model]
        type = "five_channel_cnn"
        [training]
        epochs = 2
        batch_size = 16
    "#;
    folder.write("recipe.toml", recipe)
}

/// The arguments that train on the folder's data into `run`, all features kept in one place.
fn training(folder: &Folder, run: &str, more: &[&str]) -> Vec<String> {
    let recipe = write_recipe(folder);
    let paths = [
        &recipe,
        &folder.path("data"),
        &folder.path(run),
        &folder.path("cache"),
    ];
    let [recipe, data, out, cache] = paths.map(|path| path.to_str().unwrap());
    let fixed = [
        "train", recipe, "--data", data, "--out", out, "--cache", cache, "--device", "cpu",
    ];
    fixed.iter().chain(more).map(ToString::to_string).collect()
}

fn train(folder: &Folder, run: &str, more: &[&str]) -> Ran {
    sarangi(training(folder, run, more))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_model_is_trained_evaluated_asked_and_inspected() {
    let folder = Folder::new();
    let data = folder.copy_music(&CLASSES, 5);
    let ran = train(&folder, "run", &["--licence", "CC0-1.0"]);
    for part in ["epoch 1/2", "epoch 2/2", "preparing: 15 of 15 tracks"] {
        assert!(ran.err.contains(part), "{ran:?}");
    }
    assert!(ran.done().contains("track accuracy"));
    let made = folder.files("run");
    for file in [
        "confusion-chunks.png",
        "confusion-tracks.png",
        "curves.png",
        "evaluation.json",
        "history.jsonl",
        "last.safetensors",
        "model.safetensors",
        "recipe.toml",
        "state.safetensors",
    ] {
        assert!(made.iter().any(|name| name == file), "{file}: {made:?}");
    }
    assert!(!made.iter().any(|name| name.contains(".part")), "{made:?}");
    let model = folder.path("run/model.safetensors");

    // What training said of its test part, the model's file says again.
    let score = run!(
        "evaluate",
        "--json",
        &model,
        "--data",
        &data,
        "--out",
        folder.path("evaluation")
    );
    assert_eq!(
        json(&score.done()),
        json(&String::from_utf8(folder.read("run/evaluation.json")).unwrap())
    );
    assert!(folder.path("evaluation/confusion-tracks.png").exists());

    let all = run!("evaluate", &model, "--data", &data, "--split", "all");
    assert!(all.err.contains("every track is scored, those"), "{all:?}");
    all.done();

    // Where the file system allows such names.
    if cfg!(unix) {
        let hostile = folder.path("in\u{1b}[2J\n.wav");
        std::fs::write(&hostile, wav(22_050, &tone(4.0))).unwrap();
        let text = run!("predict", &model, &hostile).done();
        assert!(text.contains(r"in\u{1b}[2J\n.wav: "), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        let answers = json(&run!("predict", "--json", &model, &hostile).done());
        assert_eq!(answers[0]["path"], hostile.to_str().unwrap());
    }

    let unseen = fixture("unseen");
    let text = run!("predict", "--chunks", &model, &unseen).done();
    assert!(text.lines().count() > 8, "{text}");
    let answers = json(&run!("predict", "--json", "--top-k", "2", &model, &unseen).done());
    for answer in answers.as_array().unwrap() {
        assert!(
            CLASSES.contains(&answer["label"].as_str().unwrap()),
            "{answer}"
        );
        assert_eq!(answer["ranking"].as_array().unwrap().len(), 2);
    }

    let card = run!("inspect", &model).done();
    for part in [
        "drone, march, pulse",
        "5 × 40 × 130",
        "CC0-1.0",
        "no track in two parts",
    ] {
        assert!(card.contains(part), "{card}");
    }
    assert_eq!(
        json(&run!("inspect", "--json", &model).done())["labels"],
        json(r#"["drone","march","pulse"]"#)
    );

    shorter_than_a_chunk(&folder, &model);
    broken(&folder, &model);
    another_run_is_not_overwritten(&folder);
}

fn shorter_than_a_chunk(folder: &Folder, model: &Path) {
    let samples = tone(1.0);
    let mut padded = samples.clone();
    padded.resize(66_150, 0.0);
    let [short, long] = [("short.wav", &samples), ("long.wav", &padded)]
        .map(|(name, samples)| folder.write(name, wav(22_050, samples)))
        .map(|sound| json(&run!("predict", "--json", model, sound).done())[0]["chunks"].clone());
    assert_eq!(short.as_array().unwrap().len(), 1);
    assert_eq!(short, long);
}

fn broken(folder: &Folder, model: &Path) {
    let empty = folder.write("empty.wav", "");
    run!("predict", model, &empty).failed(&["empty.wav", "empty"]);
    let ran = run!("predict", "--json", model, &empty, folder.path("short.wav"));
    assert_eq!(ran.code, 1);
    let answers = json(&ran.out);
    assert!(
        answers[0]["error"].as_str().unwrap().contains("empty.wav"),
        "{answers}"
    );
    assert!(answers[1]["label"].is_string(), "{answers}");
    run!("predict", &empty, &empty).failed(&["empty.wav"]);
}

fn another_run_is_not_overwritten(folder: &Folder) {
    let before = folder.read("run/model.safetensors");
    train(folder, "run", &[]).failed(&["run", "overwrite"]);
    assert!(folder.read("run/model.safetensors") == before);
}

#[test]
fn the_recipe_of_the_readme_trains() {
    let folder = Folder::new();
    let data = folder.copy_music(&CLASSES[..2], 3);
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let recipe = folder.write("recipe.toml", rest.split_once("```").unwrap().0);
    let out = folder.path("run");
    run!(
        "train", recipe, "--data", data, "--out", out, "--epochs", "1"
    )
    .done();
}

#[test]
fn one_seed_makes_one_model_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.copy_music(&CLASSES[..2], 4);
    for (run, more) in [
        ("first", &["--threads", "1"][..]),
        ("second", &["--threads", "1"]),
        ("parallel", &["--threads", "2"]),
        ("other", &["--seed", "4"]),
    ] {
        train(&folder, run, more).done();
    }
    let model = |run: &str| folder.read(&format!("{run}/model.safetensors"));
    assert!(model("first") == model("second"));
    assert!(model("first") == model("parallel"));
    assert!(model("first") != model("other"));
}

/// Starts a run and kills it after its second epoch.
fn train_and_kill(folder: &Folder, run: &str, more: &[&str]) {
    let mut child = Command::new(PROGRAM)
        .args(training(folder, run, more))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = lines
        .map(Result::unwrap)
        .any(|line| line.starts_with("epoch 2/"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen);
}

fn assert_same_files(folder: &Folder, runs: [&str; 2], files: &[&str]) {
    for file in files {
        let [a, b] = runs.map(|run| folder.read(&format!("{run}/{file}")));
        assert!(a == b, "{file} of {runs:?}");
    }
}

#[test]
fn a_run_that_is_killed_and_taken_up_again_ends_as_one_that_was_not() {
    let folder = Folder::new();
    folder.copy_music(&CLASSES[..2], 4);
    let epochs = ["--epochs", "6"];
    train(&folder, "unbroken", &epochs).done();
    train_and_kill(&folder, "killed", &epochs);
    train(&folder, "killed", &[&epochs[..], &["--resume"]].concat()).done();
    let mut files = folder.files("unbroken");
    files.retain(|file| !file.starts_with("cache/"));
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    assert!(files.contains(&"model.safetensors"), "{files:?}");
    assert_same_files(&folder, ["unbroken", "killed"], &files);
    train(&folder, "nothing", &["--resume"]).failed(&["nothing", "resume"]);
}

#[test]
fn a_run_that_is_made_longer_goes_on_as_if_it_had_always_been() {
    let folder = Folder::new();
    folder.copy_music(&CLASSES[..2], 4);
    train(&folder, "long", &["--epochs", "4"]).done();
    train(&folder, "longer", &["--epochs", "2"]).done();
    train(&folder, "longer", &["--epochs", "4", "--resume"]).done();
    let files = [
        "model.safetensors",
        "last.safetensors",
        "state.safetensors",
        "history.jsonl",
        "evaluation.json",
        "recipe.toml",
    ];
    assert_same_files(&folder, ["long", "longer"], &files);
}

#[test]
fn features_and_batches_that_are_changed_are_changed_alike_on_any_threads_and_after_a_stop() {
    let folder = Folder::new();
    folder.copy_music(&CLASSES[..2], 4);
    let masks = r#"augment.features={ type = "time_masking", time_mask_param = 20 }"#;
    let mix = "augment.mix={ mixup_alpha = 0.4, cutmix_alpha = 1.0 }";
    let louder = r#"augment.others={ type = "gain", gain_db = [-6, 6], p = 0.5 }"#;
    let all = ["--set", masks, "--set", mix, "--set", louder, "--epochs"];
    let with = |more: &[&'static str]| [&all[..], more].concat();
    train(&folder, "one", &with(&["3", "--threads", "1"])).done();
    train(&folder, "two", &with(&["2", "--threads", "2"])).done();
    train(&folder, "two", &with(&["3", "--resume"])).done();
    train(&folder, "plain", &["--epochs", "3"]).done();
    assert_same_files(
        &folder,
        ["one", "two"],
        &["last.safetensors", "recipe.toml"],
    );
    let model = |run: &str| folder.read(&format!("{run}/last.safetensors"));
    assert!(model("one") != model("plain"));
    let nonsense = "augment.mix={ mixup_alpha = -1.0 }";
    train(&folder, "no", &["--set", nonsense]).failed(&["mix: mixup_alpha", "got -1"]);
}

/// Tracks, classes, and the chunks of the three parts, as training says before it begins.
fn counts(ran: &Ran) -> [usize; 5] {
    let line = ran.err.lines().find(|line| line.contains("chunks train"));
    let words = line
        .unwrap_or_else(|| panic!("{ran:?}"))
        .split([' ', ',', ';']);
    let numbers: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
    numbers[..5].try_into().unwrap()
}

#[test]
fn copies_train_where_their_originals_train_and_never_judge() {
    let folder = Folder::new();
    let data = folder.copy_music(&CLASSES[..2], 5);
    let plain = train(&folder, "plain", &["--epochs", "1"]);
    let (with, alone) = (folder.path("with"), folder.path("alone"));
    let augment = |out: &Path, more: &str| {
        let shift = "semitones=[-2,2]";
        let transform = [
            "--transform",
            "pitch-shift",
            "--set",
            shift,
            "--copies",
            "2",
        ];
        let mut arguments = vec!["prepare", "augment", more];
        arguments.extend(transform);
        arguments.extend([data.to_str().unwrap(), out.to_str().unwrap()]);
        sarangi(arguments).done();
    };
    augment(&with, "--originals");
    augment(&alone, "--quiet");
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&with, &data).unwrap();
    let augmented = train(&folder, "augmented", &["--epochs", "1"]);

    // The parts that judge are the same; of each track that trains there are two more.
    let [tracks, classes, training, valid, test] = counts(&plain);
    assert_eq!((tracks, classes), (10, 2));
    let expected = [30, classes, 3 * training, valid, test];
    assert_eq!(counts(&augmented), expected);
    let left_out = "8 augmented copies are left out";
    assert!(augmented.err.contains(left_out), "{augmented:?}");
    plain.done();
    augmented.done();

    // Copies alone cannot say how good a model is.
    let model = folder.path("augmented/model.safetensors");
    let all = run!("evaluate", &model, "--data", &alone, "--split", "all");
    assert_eq!(all.code, 1, "{all:?}");
    assert!(all.err.contains("augmented copies alone"), "{all:?}");
    std::fs::rename(&alone, folder.path("data-alone")).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(folder.path("data-alone"), &data).unwrap();
    let ran = train(&folder, "alone", &["--epochs", "1"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("augmented copies, which never judge"),
        "{ran:?}"
    );
}
