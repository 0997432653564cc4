//! `sarangi prepare split`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sarangi::core::Error;
use sarangi::data::{Corpus, Part, Split, SplitSpec};
use sarangi::prelude::Seed;
use serde::Serialize;
use serde_json::{Map, Value};

use super::kind::kind_of;
use super::output_folder::{refuse_within, write_text};
use super::table::table;
use crate::args::DrawSplitArgs;
use crate::console::Console;
use crate::usage::Usage;

#[derive(Serialize)]
struct Answer {
    split: SplitSpec,
    seed: u64,
    /// One, or as many as there are folds.
    parts: Vec<Drawn>,
}

/// The lists of one split.
#[derive(Serialize)]
struct Drawn {
    folder: String,
    classes: Vec<Class>,
    /// Tracks on no list.
    left_out: usize,
}

#[derive(Serialize)]
struct Class {
    label: String,
    train: usize,
    valid: usize,
    test: usize,
}

/// Draws a split of a data set without computing features, and writes lists of it.
pub(super) fn split(args: &DrawSplitArgs, console: &Console) -> Result<()> {
    let spec = spec(&args.settings)?;
    let kind = kind_of(&args.data, args.kind)?;
    refuse_within(&args.out, &args.data)?;
    let total = std::sync::OnceLock::new();
    let corpus = Corpus::listed(&args.data, kind, |done, of| {
        total
            .get_or_init(|| console.progress("reading", of))
            .set(done, "files");
    });
    if let Some(progress) = total.get() {
        progress.finish();
    }
    let corpus = corpus?;
    for entry in corpus.quarantine.entries() {
        console.note(format_args!("left out: {}: {}", entry.path, entry.reason));
    }
    let seed = Seed(args.seed);
    let spec_of = spec.resolved()?;
    let mut drawn = Vec::new();
    match spec_of.folds(&corpus)? {
        None => drawn.push((args.out.clone(), spec_of.split(&corpus, seed)?)),
        Some(folds) => {
            for fold in 1..=folds {
                let split = spec_of.clone().with_fold(fold).split(&corpus, seed)?;
                drawn.push((args.out.join(format!("fold-{fold}")), split));
            }
        }
    }
    let remark = format!(
        "# Drawn by `sarangi prepare split` with seed {}: {}\n",
        args.seed,
        serde_json::to_string(&spec)?
    );
    let mut lists = Vec::new();
    for (folder, split) in &drawn {
        for part in Part::ALL {
            let text = format!("{remark}{}", split.list(&corpus, part)?);
            lists.push((folder.join(format!("{}.txt", part.name())), text));
        }
    }
    refuse_others(&lists)?;
    for (path, text) in &lists {
        write_text(path, text)?;
    }
    for part in Part::ALL {
        if drawn.iter().any(|(_, split)| split.part(part).is_empty()) {
            let name = part.name();
            console.note(format_args!(
                "warning: {name}.txt is empty, which a recipe with split.type = \"lists\" refuses"
            ));
        }
    }
    let parts = drawn
        .iter()
        .map(|(folder, split)| counts(folder, split, &corpus));
    let answer = Answer {
        split: spec,
        seed: args.seed,
        parts: parts.collect(),
    };
    console.answer(&answer, text(&answer))
}

/// The recipe's table `[split]`: values are JSON where they can be, otherwise text.
fn spec(settings: &[(String, String)]) -> Result<SplitSpec> {
    let mut fields = Map::new();
    fields.insert("type".to_owned(), "track".into());
    for (key, text) in settings {
        let key = key.strip_prefix("split.").unwrap_or(key);
        let value = serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into());
        fields.insert(key.to_owned(), value);
    }
    let spec: SplitSpec = serde_json::from_value(Value::Object(fields)).context("--set: split")?;
    spec.check()?;
    if spec.is_leaky() {
        let reason = "--set type=leaky_chunks divides the chunks of a track, which lists of files \
                      cannot say; give it to the recipe itself";
        return Err(Usage(reason.to_owned()).into());
    }
    Ok(spec)
}

/// Lists that somebody trains with are not replaced by others.
fn refuse_others(lists: &[(PathBuf, String)]) -> Result<(), Error> {
    for (path, text) in lists {
        match fs::read(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io(path, e)),
            Ok(there) if there == text.as_bytes() => {}
            Ok(_) => {
                let reason = "is there already and is of another split; name a new folder";
                return Err(Error::data(path, reason));
            }
        }
    }
    Ok(())
}

fn counts(folder: &Path, split: &Split, corpus: &Corpus) -> Drawn {
    let tracks = Part::ALL.map(|part| split.tracks_of(part));
    let classes = corpus.labels.iter().enumerate().map(|(label, name)| {
        let [train, valid, test] = [0, 1, 2].map(|part: usize| {
            let of_part = tracks[part].iter();
            of_part
                .filter(|&&track| corpus.tracks[track].label == label)
                .count()
        });
        Class {
            label: name.clone(),
            train,
            valid,
            test,
        }
    });
    Drawn {
        folder: folder.display().to_string(),
        classes: classes.collect(),
        left_out: split.left_out(corpus).iter().sum(),
    }
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    for part in &answer.parts {
        let head = ["class", "train", "valid", "test"].map(str::to_owned);
        let mut rows = vec![head.to_vec()];
        let mut sums = [0; 3];
        for class in &part.classes {
            let numbers = [class.train, class.valid, class.test];
            sums.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += n);
            let numbers = numbers.map(|n| n.to_string());
            rows.push([vec![class.label.clone()], numbers.to_vec()].concat());
        }
        let sums = sums.map(|n| n.to_string());
        rows.push([vec!["all".to_owned()], sums.to_vec()].concat());
        text += &table(&rows);
        if part.left_out > 0 {
            text += &format!("{} track(s) are on no list\n", part.left_out);
        }
        text += &format!("lists written to {}\n", part.folder);
    }
    text
}
