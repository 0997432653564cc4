//! From a folder of music to a model and a prediction, in under two minutes.
//!
//! Trains the five-channel network on the small labelled set in `fixtures/audio` (synthesised, four
//! textures), prints the tables, writes plots and the model into `target/quickstart/`, and says
//! what four clips are that it has not seen.
//!
//! ```text
//! cargo run --release --example quickstart
//! ```

use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use sarangi::prelude::*;
use sarangi::train::{Event, Observer, TrainOptions, train};

/// Keeps the large buffers of training instead of giving them back to the kernel in every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECIPE: &str = r#"
    name = "quickstart"
    seed = 1
    normalise = "standardise"

    [front_end]
    rate = 22050
    features = { type = "five_channel" }
    chunk = { seconds = 3.0, tail = "drop" }

    [split]
    type = "track" # no track trains and tests
    valid = 0.17
    test = 0.25

    [model]
    type = "five_channel_cnn"

    [training]
    epochs = 30
    batch_size = 16
    optimiser = { type = "adam", lr = 0.002, weight_decay = 0.0001 }
"#;

fn main() -> anyhow::Result<()> {
    let started = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let out = target_folder(&root).join("quickstart");

    let recipe = Recipe::from_toml(RECIPE, &[])?;
    let data = root.join("fixtures/audio");
    let options = TrainOptions {
        overwrite: true,
        ..TrainOptions::new(data, &out)
    };
    let outcome = train(&recipe, &options, &Printer)?;
    if let Some(test) = &outcome.test {
        say(format_args!("\n{test}"));
    }

    say("Clips it has not seen:");
    let classifier = Classifier::load(outcome.run.model(), Backend::Auto)?;
    let mut clips: Vec<PathBuf> = std::fs::read_dir(root.join("fixtures/unseen"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    clips.sort();
    for clip in clips {
        let answer = classifier.classify_file(&clip)?;
        let name = clip.file_name().unwrap_or_default().to_string_lossy();
        say(format_args!(
            "  {name:<12} {:<8} {:.0} % sure",
            answer.label,
            100.0 * answer.confidence
        ));
    }
    let folder = out.canonicalize().unwrap_or(out);
    let seconds = started.elapsed().as_secs();
    say(format_args!(
        "\nModel, plots and history in {seconds} s: {}",
        folder.display()
    ));
    Ok(())
}

/// Cargo's target folder, wherever the environment has put it.
fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

struct Printer;

impl Observer for Printer {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Preparing { done, total } if stdout().is_terminal() => {
                let mut out = stdout().lock();
                // A progress line that cannot be written is no reason to stop.
                let _ = write!(out, "\rcomputing features: {done} of {total} tracks");
                let _ = if done == total {
                    writeln!(out)
                } else {
                    out.flush()
                };
            }
            Event::Prepared { corpus, split, .. } => say(format_args!(
                "{} tracks of {}: {} chunks train, {} validate, {} test",
                corpus.tracks.len(),
                corpus.labels.join(", "),
                split.train.len(),
                split.valid.len(),
                split.test.len()
            )),
            Event::Epoch { record, last } => say(record.line(last)),
            Event::Warning(text) => say(format_args!("warning: {text}")),
            _ => {}
        }
    }
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}
