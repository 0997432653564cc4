//! The model that the tests serve: trained once, by the program, on the fixtures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sarangi_testkit::fixture;
use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_sarangi");
pub(crate) const CLASSES: [&str; 4] = ["drone", "march", "pluck", "pulse"];

/// The quickstart's recipe with fewer epochs.
const RECIPE: &str = r#"
    name = "quickstart"
    seed = 1
    normalise = "standardise"
    [front_end]
    features = { type = "five_channel" }
    [split]
    type = "track"
    valid = 0.2
    test = 0.2
    [model]
    type = "five_channel_cnn"
    [training]
    epochs = 4
    batch_size = 16
    optimiser = { type = "adam", lr = 0.004 }
"#;

/// The model file, which lies in a folder called `quickstart`.
pub(crate) fn model() -> &'static Path {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(train)
}

fn train() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serving");
    fs::create_dir_all(&folder).unwrap();
    let (recipe, data, run) = (
        folder.join("recipe.toml"),
        folder.join("data"),
        folder.join("quickstart"),
    );
    fs::write(&recipe, RECIPE).unwrap();
    for class in CLASSES {
        fs::create_dir_all(data.join(class)).unwrap();
        let mut files: Vec<_> = fs::read_dir(fixture("audio").join(class))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in &files[..5] {
            fs::copy(file, data.join(class).join(file.file_name().unwrap())).unwrap();
        }
    }
    let trained = Command::new(PROGRAM)
        .args(["train", "--overwrite", "--device", "cpu", "--quiet"])
        .arg(&recipe)
        .arg("--data")
        .arg(&data)
        .arg("--out")
        .arg(&run)
        .output()
        .unwrap();
    assert!(trained.status.success(), "{trained:?}");
    run.join("model.safetensors")
}

/// What `sarangi predict --json` says of files.
pub(crate) fn predict(files: &[PathBuf]) -> Vec<Value> {
    let answered = Command::new(PROGRAM)
        .args(["predict", "--json", "--quiet", "--device", "cpu"])
        .arg(model())
        .args(files)
        .output()
        .unwrap();
    assert!(answered.status.success(), "{answered:?}");
    let answers: Value = serde_json::from_slice(&answered.stdout).unwrap();
    answers.as_array().unwrap().clone()
}

/// Songs that the model has not heard.
pub(crate) fn unseen() -> Vec<PathBuf> {
    let names = ["drone.mp3", "march.ogg", "pluck.mp3", "pulse.flac"];
    names
        .iter()
        .map(|name| fixture("unseen").join(name))
        .collect()
}
