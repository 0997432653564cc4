//! Every recipe of `examples/recipes`, trained for an epoch.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use sarangi_testkit::fixture;

use crate::support::{Folder, run, sarangi};

/// What a recipe must be told on twelve tracks of two classes.
fn settings(name: &str) -> Vec<&'static str> {
    let mut settings = Vec::new();
    if name.contains("pog") {
        settings.extend(["--fold", "1"]);
    }
    let orders = ["spectrogram-cnn-code", "transfer-code", "fusion-code"];
    if orders.iter().any(|order| name.contains(order)) {
        settings.extend(["--set", "split.train=4"]);
    }
    // GTZAN's classes are not those of the fixture.
    if name.ends_with("augmented") {
        let classes = "augment.classes={pluck={type=\"pitch_shift\",semitones=[-2,2]}}";
        settings.extend(["--set", classes]);
    }
    settings
}

/// A few tracks, and the same as pictures.
fn data(folder: &Folder) -> (PathBuf, PathBuf) {
    for class in ["march", "pluck"] {
        for number in 0..6 {
            let stem = format!("{class}.{number:03}.");
            let from = fixture("audio").join(class);
            let files = fs::read_dir(&from).unwrap().map(|file| file.unwrap());
            let file = files
                .into_iter()
                .find(|file| file.file_name().to_string_lossy().starts_with(&stem))
                .unwrap();
            let name = format!("music/{class}/{}", file.file_name().to_string_lossy());
            folder.write(&name, fs::read(file.path()).unwrap());
        }
    }
    let (music, pictures) = (folder.path("music"), folder.path("pictures"));
    let options = ["--feature", "log-mel", "--format", "png"];
    run!(
        "extract", options[0], options[1], options[2], options[3], &music, &pictures
    )
    .done();
    (music, pictures)
}

#[test]
fn every_recipe_trains() {
    let folder = Folder::new();
    let (music, pictures) = data(&folder);
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/recipes");
    let mut names: Vec<String> = fs::read_dir(&recipes)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 22, "{names:?}");
    for name in names {
        let recipe = recipes.join(format!("{name}.toml"));
        let text = fs::read_to_string(&recipe).unwrap();
        assert!(text.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(text.starts_with("# "), "{name} says nothing of itself");
        let data = match text.contains("type = \"picture\"") {
            true => &pictures,
            false => &music,
        };
        let out = folder.path(&name);
        let mut arguments: Vec<OsString> = vec!["train".into(), recipe.into()];
        for option in ["--epochs", "1", "--quiet", "--data"] {
            arguments.push(option.into());
        }
        arguments.extend([data.into(), "--out".into(), out.clone().into()]);
        arguments.extend(settings(&name).into_iter().map(OsString::from));
        let ran = sarangi(arguments);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        for file in ["model.safetensors", "report.html", "predictions.jsonl"] {
            assert!(out.join(file).is_file(), "{name}: {file}");
        }
        // The next one needs the room.
        fs::remove_dir_all(out).unwrap();
    }
}
