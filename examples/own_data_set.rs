//! Files that do not lie in a folder for each class: a manifest says what they are.
//!
//! Forty-eight recordings with names that say nothing lie in one folder, as from a recorder, and a
//! table beside them says what each is and who plays. Since it names the players, no split puts one of
//! them on two sides: what is learned is the texture, not the player. (The recordings are those of
//! `fixtures/audio`; the players are made up.)
//!
//! ```text
//! cargo run --release --example own_data_set
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use sarangi::data::Part;
use sarangi::prelude::*;
use sarangi::train::{Event, Observer, TrainOptions, train};

/// Keeps the large buffers of training instead of giving them back to the kernel in every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECIPE: &str = r#"
    name = "own_data_set"
    seed = 1
    normalise = "standardise"

    [front_end]
    rate = 22050
    features = { type = "log_mel", n_mels = 40, hop_length = 1024 }
    chunk = { seconds = 3.0, tail = "drop" }

    [split]
    type = "track" # whole tracks, and of one artist all or none
    valid = 0.2
    test = 0.25

    [model]
    type = "five_channel_cnn"

    [training]
    epochs = 15
    batch_size = 16
    optimiser = { type = "adam", lr = 0.002 }
"#;

/// Each plays three recordings of each texture.
const PLAYERS: [&str; 4] = ["Asha", "Bimal", "Chandra", "Deepa"];

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    let recipe = Recipe::from_toml(RECIPE, &[])?;
    run(&recipe, &root, &target.join("own_data_set")).map(|_| ())
}

/// The players of each part.
type Parts = BTreeMap<&'static str, BTreeSet<String>>;

fn run(recipe: &Recipe, root: &Path, out: &Path) -> anyhow::Result<Parts> {
    let data = out.join("recordings");
    record(&root.join("fixtures/audio"), &data)?;
    let options = TrainOptions {
        overwrite: true,
        // A folder with a `manifest.csv` is what that says; another table would be named itself.
        ..TrainOptions::new(&data, out.join("run"))
    };
    let watcher = Watcher::default();
    let outcome = train(recipe, &options, &watcher)?;
    if let Some(test) = &outcome.test {
        say(format_args!("\n{test}"));
    }
    let parts = watcher.parts.into_inner();
    Ok(parts.unwrap_or_default())
}

/// Copies the recordings into one folder and writes the table.
fn record(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    let mut table = "path,label,artist\n".to_owned();
    for label in ["drone", "march", "pluck", "pulse"] {
        let entries = fs::read_dir(from.join(label))?;
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.sort();
        for (n, file) in files.iter().enumerate() {
            let ending = file.extension().unwrap_or_default().to_string_lossy();
            let name = format!(
                "{:08x}.{ending}",
                Seed(7).named(&format!("{label} {n}")).next_u64() >> 32
            );
            fs::copy(file, to.join(&name))?;
            writeln!(table, "{name},{label},{}", PLAYERS[n % PLAYERS.len()])?;
        }
    }
    Ok(fs::write(to.join("manifest.csv"), table)?)
}

/// Prints what happens, and notes who plays in which part.
#[derive(Default)]
struct Watcher {
    parts: std::sync::Mutex<Parts>,
}

impl Observer for Watcher {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Prepared { corpus, split, .. } => {
                let mut parts = Parts::new();
                for (name, part) in [
                    ("train", Part::Train),
                    ("validate", Part::Valid),
                    ("test", Part::Test),
                ] {
                    let tracks = split
                        .part(part)
                        .iter()
                        .map(|item| &corpus.tracks[item.track]);
                    let players = tracks.filter_map(|track| track.listed.artist.clone());
                    let players: BTreeSet<String> = players.collect();
                    let names = players.iter().cloned().collect::<Vec<_>>().join(", ");
                    say(format_args!("{name:<9} {names}"));
                    parts.insert(name, players);
                }
                if let Ok(mut seen) = self.parts.lock() {
                    *seen = parts;
                }
            }
            Event::Epoch { record, last } => say(record.line(last)),
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
    fn no_player_is_on_two_sides() {
        let changes = [("training.epochs".to_owned(), "1".to_owned())];
        let recipe = Recipe::from_toml(RECIPE, &changes).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let out = tempfile::tempdir().unwrap();
        let parts = run(&recipe, &root, out.path()).unwrap();
        let players: Vec<_> = parts.values().flatten().collect();
        assert_eq!(players.len(), PLAYERS.len(), "{parts:?}");
        assert_eq!(
            parts.values().flatten().collect::<BTreeSet<_>>().len(),
            PLAYERS.len()
        );
        assert!(parts.values().all(|part| !part.is_empty()));
    }
}
