//! Runs that are killed at any moment, and go on as if they had not been.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sarangi_testkit::fixture;

use crate::support::{Folder, PROGRAM, Ran, sarangi};

/// Every part of a run that remembers something: moments, the average of the weights, a schedule that
/// follows the history, one that thaws, what is gathered over batches, a scaler that has overflowed.
const EVERYTHING: &str = r#"
    name = "everything"
    seed = 5
    normalise = "standardise"
    [front_end]
    features = { type = "five_channel" }
    [model]
    type = "five_channel_cnn"
    [training]
    epochs = 6
    batch_size = 8
    accumulate = 2
    optimiser = { type = "adamw", lr = 0.003 }
    schedule = { type = "plateau", patience = 0, factor = 0.5 }
    loss = { type = "cross_entropy", label_smoothing = 0.1 }
    class_weights = "balanced"
    clip = { value = 1.0, norm = 2.0 }
    ema = { decay = 0.9, warmup = true }
    monitor = "valid_balanced_accuracy"
    early_stopping = { patience = 5 }
    checkpoint_every = 2
    freeze_names = ["block1.*"]
    unfreeze = [{ from_epoch = 3, patterns = ["block1.*"] }]
    lr_factors = [{ patterns = ["out.*"], factor = 2.0 }]
    no_decay = ["*.bias"]
    precision = "f16"
    scaler = { init_scale = 1e38, growth_interval = 3 }
    tensorboard = true
"#;

fn arguments(folder: &Folder, run: &str, more: &[&str]) -> Vec<String> {
    let paths = ["recipe.toml", "data", run, "cache"].map(|name| folder.path(name));
    let [recipe, data, out, cache] = paths.each_ref().map(|path| path.to_str().unwrap());
    let fixed = [
        "train", recipe, "--data", data, "--out", out, "--cache", cache, "--device", "cpu",
    ];
    fixed.iter().chain(more).map(ToString::to_string).collect()
}

fn train(folder: &Folder, run: &str, more: &[&str]) -> Ran {
    sarangi(arguments(folder, run, more))
}

/// Resumes a run, or begins it if it had not got as far as to write a file.
fn way_on(folder: &Folder, run: &str) -> &'static [&'static str] {
    match folder.path(run).join("recipe.toml").exists() {
        true => &["--resume"],
        false => &[],
    }
}

/// Kills a run `after` it began, unless it is done by then. Says whether it was killed.
fn kill(folder: &Folder, run: &str, after: Duration) -> bool {
    let mut child = Command::new(PROGRAM)
        .args(arguments(folder, run, way_on(folder, run)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    // A run that was done by then has a status of its own.
    !child.wait().unwrap().success()
}

fn assert_same(folder: &Folder, runs: [&str; 2]) -> Vec<String> {
    let [expected, found] = runs.map(|run| folder.files(run));
    assert_eq!(expected, found);
    for file in &expected {
        let [a, b] = runs.map(|run| folder.read(&format!("{run}/{file}")));
        assert!(a == b, "{file} of {runs:?}");
    }
    expected
}

#[test]
fn ten_kills_at_random_moments_change_no_byte() {
    let folder = Folder::new();
    folder.copy_music(&["drone", "march"], 5);
    folder.write("recipe.toml", EVERYTHING);
    let features = train(&folder, "features", &["--epochs", "1"]);
    features.done();
    let begun = Instant::now();
    let unbroken = train(&folder, "unbroken", &[]);
    let length = begun.elapsed();
    let log = unbroken.err.clone();
    assert!(log.contains("precision f16"), "{log}");
    assert!(log.contains("steps skipped"), "{log}");
    unbroken.done();

    let mut seed = 0x5a_7a_47_19_u64;
    let mut killed = 0;
    for _ in 0..10 {
        // Knuth's; a third of the length at most, so that several kills fall into one run.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = (seed >> 40) as f64 / (1u64 << 24) as f64;
        killed += u32::from(kill(&folder, "killed", length.mul_f64(share / 3.0)));
    }
    assert!(killed >= 5, "only {killed} of 10 kills met the run");
    train(&folder, "killed", way_on(&folder, "killed")).done();
    let files = assert_same(&folder, ["unbroken", "killed"]);
    for file in [
        "checkpoints/epoch-0002.safetensors",
        "checkpoints/epoch-0006.safetensors",
        "evaluation.json",
        "events.out.tfevents.0.sarangi",
        "history.jsonl",
        "last.safetensors",
        "model.safetensors",
        "state.safetensors",
    ] {
        assert!(files.iter().any(|name| name == file), "{file}: {files:?}");
    }
}

/// The other optimisers and schedules, each stopped once: the run is cut after an epoch by giving
/// back what its folder held then.
#[test]
fn every_optimiser_and_schedule_goes_on_where_it_stopped() {
    let folder = Folder::new();
    folder.copy_music(&["drone", "march"], 4);
    folder.write("recipe.toml", EVERYTHING);
    let base = fixture("checkpoints/v1/quickstart.safetensors");
    let init = format!(
        "training.init={{ weights = {:?}, head = false }}",
        base.to_str().unwrap()
    );
    let settings: [&[&str]; 4] = [
        &[
            r#"training.optimiser={ type = "sgd", lr = 0.01, momentum = 0.9, nesterov = true }"#,
            r#"training.schedule={ type = "one_cycle" }"#,
        ],
        &[
            r#"training.optimiser={ type = "sgd", lr = 0.01 }"#,
            r#"training.schedule={ type = "cosine", warmup_epochs = 1.5 }"#,
            r#"training.loss={ type = "binary_cross_entropy" }"#,
        ],
        &[
            r#"training.schedule={ type = "multi_step", milestones = [1, 2] }"#,
            r#"training.loss={ type = "focal" }"#,
            r#"training.early_stopping={ patience = 1, monitor = "train_loss", min_delta = 10.0 }"#,
        ],
        &[
            r#"training.optimiser={ type = "adam" }"#,
            r#"training.schedule={ type = "step", step_size = 1 }"#,
            &init,
        ],
    ];
    for (number, settings) in settings.into_iter().enumerate() {
        let [whole, cut] = ["whole", "cut"].map(|name| format!("{name}{number}"));
        let mut more = vec!["--epochs", "3"];
        settings.iter().for_each(|set| more.extend(["--set", set]));
        train(&folder, &whole, &more).done();
        let mut child = Command::new(PROGRAM)
            .args(arguments(&folder, &cut, &more))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The first state is the first epoch's.
        let begun = Instant::now();
        while !folder.path(&cut).join("state.safetensors").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        more.push("--resume");
        train(&folder, &cut, &more).done();
        assert_same(&folder, [&whole, &cut]);
    }
    let stopped = String::from_utf8(folder.read("whole2/history.jsonl")).unwrap();
    assert_eq!(stopped.lines().count(), 2, "{stopped}");
    // A schedule that spreads over the whole run would be another one.
    let mut more = vec!["--epochs", "4", "--resume", "--quiet"];
    settings[0]
        .iter()
        .for_each(|set| more.extend(["--set", set]));
    train(&folder, "whole0", &more).failed(&["state.safetensors", "3 epochs", "schedule"]);
}

#[test]
fn mistakes_are_found_before_any_sound_is_read() {
    let folder = Folder::new();
    folder.copy_music(&["drone", "march"], 3);
    folder.write("recipe.toml", EVERYTHING);
    for (set, parts) in [
        (r#"training.freeze_names=["blok*"]"#, ["blok*", "block1."]),
        (
            r#"training.no_decay=["*.offset"]"#,
            ["no_decay", "*.offset"],
        ),
        (
            r#"training.freeze_names=["*"]"#,
            ["freeze_names", "first epoch"],
        ),
        (
            r#"training.init={ weights = "gone.pth" }"#,
            ["gone.pth", "training.init.weights"],
        ),
        ("training.accumulate=0", ["accumulate", "at least 1"]),
    ] {
        let ran = train(&folder, "run", &["--set", set]);
        ran.failed(&parts);
        assert!(!folder.path("run").exists());
    }
    let silly = train(
        &folder,
        "run",
        &["--set", "training.class_weights={ dron = 2.0 }"],
    );
    assert!(
        silly.err.contains("`dron`") && silly.err.contains("march"),
        "{silly:?}"
    );
}
