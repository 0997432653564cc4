//! `sarangi prepare subsample`.

use anyhow::Result;
use sarangi::data::Listing;
use sarangi::prelude::Seed;
use serde::Serialize;

use super::kind::kind_of;
use super::recordings::refuse_copies;
use super::selection::{Outcome, Selection};
use super::table::table;
use crate::args::SubsampleArgs;
use crate::console::Console;

#[derive(Serialize)]
struct Answer {
    classes: Vec<Class>,
    /// Classes with too few files.
    left_out: Vec<String>,
    files: usize,
    /// Whether anything was written: not in a dry run, nor if all was there.
    written: bool,
}

#[derive(Serialize)]
struct Class {
    label: String,
    available: usize,
    taken: usize,
}

/// Draws so many files of each class and puts them into a folder of their own.
pub(super) fn subsample(args: &SubsampleArgs, console: &Console) -> Result<()> {
    let kind = kind_of(&args.input, args.kind)?;
    refuse_copies(&args.input)?;
    let listing = Listing::find(&args.input, kind)?;
    for problem in listing.problems.entries() {
        console.error(format_args!("{}: {}", problem.path, problem.reason));
    }
    let (most, least) = (args.max_per_class, args.min_per_class);
    let (sample, left_out) = listing.sample(most, least, Seed(args.seed))?;
    let outcome = match args.dry_run {
        true => None,
        false => {
            let selection = Selection::new(&args.input, &sample, args.link)?;
            Some(selection.write(&args.output, console)?)
        }
    };
    let classes = listing.labels.iter().zip(listing.counts());
    let classes = classes.map(|(label, available)| Class {
        label: label.clone(),
        available,
        taken: sample
            .files
            .iter()
            .filter(|file| sample.labels[file.label] == *label)
            .count(),
    });
    let answer = Answer {
        classes: classes.collect(),
        left_out,
        files: sample.files.len(),
        written: outcome == Some(Outcome::Written),
    };
    console.answer(&answer, text(&answer, args, outcome))
}

fn text(answer: &Answer, args: &SubsampleArgs, outcome: Option<Outcome>) -> String {
    let mut rows = vec![["class", "available", "taken"].map(str::to_owned).to_vec()];
    rows.extend(answer.classes.iter().map(|class| {
        let numbers = [class.available, class.taken].map(|n| n.to_string());
        [vec![class.label.clone()], numbers.to_vec()].concat()
    }));
    let mut text = table(&rows);
    if !answer.left_out.is_empty() {
        let (names, least) = (answer.left_out.join(", "), args.min_per_class);
        text += &format!("left out, with fewer than {least} files: {names}\n");
    }
    let (files, output) = (answer.files, args.output.display());
    text += &match outcome {
        None => format!("{files} files would be written to {output}"),
        Some(Outcome::Written) => format!("{files} files written to {output}"),
        Some(Outcome::Unchanged) => format!("the {files} files are in {output} already"),
    };
    text
}
