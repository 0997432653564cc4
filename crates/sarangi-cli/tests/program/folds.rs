//! Cross-validation from the command line.

use std::path::{Path, PathBuf};

use crate::support::{Folder, Ran, run};

/// Three folds of the smallest network there is.
fn write_recipe(folder: &Folder) -> PathBuf {
    let recipe = r#"
        name = "folds"
        seed = 3
        normalise = "standardise"
        [front_end]
        features = { type = "mfcc", n_mfcc = 13, n_fft = 1024, hop_length = 4096 }
        [split]
        type = "k_fold"
        folds = 3
        valid = 0.2
        [model]
        type = "softmax_regression"
        size = [13, 17]
        [training]
        epochs = 1
        batch_size = 16
    "#;
    folder.write("recipe.toml", recipe)
}

fn train(recipe: &Path, data: &Path, out: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["train".into(), recipe.into()];
    for (name, path) in [("--data", data), ("--out", out)] {
        arguments.extend([name.into(), path.into()]);
    }
    arguments.extend(more.iter().map(Into::into));
    crate::support::sarangi::<std::ffi::OsString>(arguments)
}

#[test]
fn folds_share_one_preparation_and_no_older_run_is_written_over() {
    let folder = Folder::new();
    let data = folder.copy_music(&["drone", "march"], 9);
    let (recipe, out) = (write_recipe(&folder), folder.path("run"));
    let ran = train(&recipe, &data, &out, &["--resume"]);
    ran.failed(&["holds no run to resume"]);

    let ran = train(&recipe, &data, &out, &[]);
    let prepared = ran.err.matches("preparing: 18 of 18 tracks").count();
    assert_eq!(prepared, 1, "{ran:?}");
    for fold in 1..=3 {
        assert!(ran.err.contains(&format!("fold {fold} of 3")), "{ran:?}");
    }
    let text = ran.done();
    assert!(
        text.contains("every track by the model that has not"),
        "{text}"
    );
    let model = folder.read("run/model.safetensors");

    // What is left of an older run, in whichever fold, stops a new one before anything is read.
    for gone in ["run/fold-1", "run/fold-2"] {
        std::fs::remove_dir_all(folder.path(gone)).unwrap();
    }
    for file in folder.files("run") {
        if !file.contains('/') {
            std::fs::remove_file(out.join(file)).unwrap();
        }
    }
    let ran = train(&recipe, &data, &out, &[]);
    assert!(!ran.err.contains("preparing"), "{ran:?}");
    ran.failed(&["fold-3", "is there from an earlier run"]);

    // The folds that are gone are trained again, and come out the same.
    train(&recipe, &data, &out, &["--resume"]).done();
    assert!(folder.read("run/model.safetensors") == model);

    // Of a run with fewer folds nothing of the older one is left that could be taken for its own.
    let fewer = ["--overwrite", "--set", "split.folds=2"];
    train(&recipe, &data, &out, &fewer).done();
    assert!(!folder.path("run/fold-3/model.safetensors").exists());
    let folds = String::from_utf8(folder.read("run/folds.json")).unwrap();
    assert_eq!(folds.matches("\"fold\":").count(), 2, "{folds}");
    run!("predict", out.join("model.safetensors"), &data).done();
}
