//! `sarangi compare`.

use std::path::Path;

use anyhow::{Result, bail};
use sarangi::eval::{ComparedRun, ComparisonReport, Evaluation, McNemar, Predictions};
use sarangi::train::{ModelFile, Run};
use serde::Serialize;

use crate::args::{Common, CompareArgs};
use crate::console::{Console, printable};

#[derive(Serialize)]
struct Answer<'a> {
    runs: Vec<Line<'a>>,
    /// McNemar's test of each two runs, by their numbers from 0.
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    leaks: bool,
    evaluation: &'a Evaluation,
}

#[derive(Serialize)]
struct Test {
    first: usize,
    second: usize,
    /// None if the two were not tested on the same tracks.
    mcnemar: Option<McNemar>,
}

/// Writes a page that compares the test results of several runs, and a line for each.
pub(crate) fn compare(args: &CompareArgs, _: &Common, console: &Console) -> Result<()> {
    let mut names = Vec::new();
    let mut runs = Vec::new();
    for folder in &args.runs {
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let mut name = name.to_string_lossy().into_owned();
        if names.contains(&name) {
            name = folder.display().to_string();
        }
        runs.push(read(&name, folder)?);
        names.push(name);
    }
    let report = ComparisonReport {
        title: args.title.clone(),
        runs: runs.iter().map(|(run, _)| run.clone()).collect(),
        ..ComparisonReport::default()
    };
    report.write(&args.out)?;
    let mut text = String::new();
    for ((run, leaks), name) in runs.iter().zip(&names) {
        let track = &run.evaluation().track;
        text += &format!(
            "{}: tracks {:.1} % ± {:.1}, chunks {:.1} %{}\n",
            printable(name),
            100.0 * track.accuracy,
            100.0 * track.standard_error(),
            100.0 * run.evaluation().chunk.accuracy,
            if *leaks { " (its split leaks)" } else { "" },
        );
    }
    text += &format!("page: {}", args.out.display());
    let lines = runs.iter().zip(&names).map(|((run, leaks), name)| Line {
        name,
        leaks: *leaks,
        evaluation: run.evaluation(),
    });
    let pairs = (0..runs.len()).flat_map(|first| (first + 1..runs.len()).map(move |s| (first, s)));
    let tests = pairs.map(|(first, second)| Test {
        first,
        second,
        mcnemar: runs[first].0.against(&runs[second].0).ok(),
    });
    let answer = Answer {
        runs: lines.collect(),
        tests: tests.collect(),
    };
    console.answer(&answer, text)
}

/// A run by its folder, and whether its split leaks.
fn read(name: &str, folder: &Path) -> Result<(ComparedRun, bool)> {
    let run = Run::new(folder);
    let path = run.predictions();
    if !path.exists() {
        bail!(
            "{}: has no predictions.jsonl; name the folder of a run that was tested",
            folder.display()
        );
    }
    let predictions = Predictions::read_jsonl(&path)?;
    let card = ModelFile::read(run.model())?.card;
    let leaks = card.leaking_tracks > 0;
    let pooling = card.recipe.prediction.pooling;
    Ok((ComparedRun::new(name, predictions, pooling, leaks), leaks))
}
