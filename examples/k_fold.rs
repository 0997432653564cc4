//! Cross-validation: five networks, each tested on the clips that it has not heard.
//!
//! With few clips a single split says little: which of them happen to test moves the number by many
//! points. Here each of five folds of `fixtures/audio` tests once, and the answer is a mean with its
//! interval, and one table in which every clip is answered by the one network that has not heard it.
//! The recipe is the only thing that knows of folds: `sarangi train` does the same with it.
//!
//! ```text
//! cargo run --release --example k_fold
//! ```

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use sarangi::prelude::*;
use sarangi::train::{Event, Folds, Observer, TrainOptions, Trained, train_all};

/// Keeps the large buffers of training instead of giving them back to the kernel in every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECIPE: &str = r#"
    name = "k_fold"
    seed = 1
    normalise = "standardise"

    [front_end]
    rate = 22050
    features = { type = "log_mel", n_mels = 40, hop_length = 1024 }
    chunk = { seconds = 3.0, tail = "drop" }

    [split]
    type = "k_fold" # each fold tests in turn
    folds = 5
    valid = 0.2     # of the clips outside of it, to choose the epoch

    [model]
    type = "five_channel_cnn"

    [training]
    epochs = 12
    batch_size = 16
    optimiser = { type = "adam", lr = 0.002 }
"#;

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    let recipe = Recipe::from_toml(RECIPE, &[])?;
    run(&recipe, &root, &target.join("k_fold")).map(|_| ())
}

fn run(recipe: &Recipe, root: &Path, out: &Path) -> anyhow::Result<Folds> {
    let options = TrainOptions {
        overwrite: true,
        ..TrainOptions::new(root.join("fixtures/audio"), out)
    };
    // Of a recipe without folds it would be one run.
    let Trained::Folds(folds) = train_all(recipe, &options, &Printer)? else {
        anyhow::bail!("the recipe's split is no cross-validation");
    };
    say(format_args!("\n{}", folds.summary));
    say(format_args!(
        "The model of fold {} is {}",
        folds.summary.best,
        folds.run.model().display()
    ));
    Ok(folds)
}

struct Printer;

impl Observer for Printer {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Fold { fold, count } => say(format_args!("fold {fold} of {count}")),
            Event::Epoch { record, last } if record.epoch == last => {
                say(format_args!("  {}", record.line(last)));
            }
            Event::Warning(text) => say(format_args!("warning: {text}")),
            _ => {}
        }
    }
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clip_is_answered_once() {
        let changes = [("split.folds", "3"), ("training.epochs", "2")];
        let changes = changes.map(|(field, value)| (field.to_owned(), value.to_owned()));
        let recipe = Recipe::from_toml(RECIPE, &changes).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let out = tempfile::tempdir().unwrap();
        let summary = run(&recipe, &root, out.path()).unwrap().summary;
        assert_eq!(summary.folds.len(), 3);
        assert_eq!(summary.together.unwrap().track.examples(), 48);
    }
}
