//! `sarangi predict`.

mod live;

use std::fmt::Write as _;
use std::io::{Cursor, Read, stdin};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sarangi::audio::FileKind;
use sarangi::core::Stop;
use sarangi::prelude::Classifier;
use sarangi::train::Classification;
use serde::Serialize;

use super::inputs;
use crate::args::{Common, PredictArgs};
use crate::console::{Console, printable};

/// What standard input is called.
const STANDARD_INPUT: &str = "-";

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Classified {
        path: String,
        #[serde(flatten)]
        classification: Classification,
    },
    Failed {
        path: String,
        error: String,
    },
}

pub(crate) fn predict(args: &PredictArgs, common: &Common, console: &Console) -> Result<()> {
    let mut classifier = inputs::classifier(&args.model, common)?;
    if let Some(hop) = args.hop {
        classifier = classifier.with_hop(hop)?;
    }
    if let Some(samples) = args.live {
        return live::listen(&classifier, samples, args, console);
    }
    let answers = match args.inputs.as_slice() {
        [input] if input.as_os_str() == STANDARD_INPUT => {
            let outcome = standard_input(&classifier);
            vec![answer(Path::new(STANDARD_INPUT), outcome, args.top_k)]
        }
        inputs if inputs.iter().any(|i| i.as_os_str() == STANDARD_INPUT) => {
            bail!("-: standard input must be the only INPUT");
        }
        inputs => of_files(
            &inputs::files(inputs, &classifier)?,
            &classifier,
            args,
            console,
        )?,
    };
    let mut text = String::new();
    let mut errors = Vec::new();
    for answer in &answers {
        match answer {
            Answer::Classified {
                path,
                classification,
            } => write_line(&mut text, path, classification, args.chunks),
            Answer::Failed { error, .. } => errors.push(error),
        }
    }
    if !text.is_empty() || common.json {
        console.answer(&answers, text)?;
    }
    let total = answers.len();
    if let ([error], 1) = (errors.as_slice(), total) {
        bail!("{error}");
    }
    errors.iter().for_each(|error| console.error(error));
    match errors.len() {
        0 => Ok(()),
        failed => bail!("{failed} of {total} files cannot be used"),
    }
}

fn of_files(
    files: &[PathBuf],
    classifier: &Classifier,
    args: &PredictArgs,
    console: &Console,
) -> Result<Vec<Answer>> {
    let total = files.len();
    // One file is an answer of its own, and no work to be watched.
    let progress = (total > 1).then(|| console.progress("predicting", total));
    let mut answers = Vec::with_capacity(total);
    classifier.classify_files(files, &Stop::new(), |n, outcome| {
        answers.push(answer(&files[n], outcome, args.top_k));
        if let Some(progress) = &progress {
            progress.set(n + 1, "files");
        }
        Ok(())
    })?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    Ok(answers)
}

/// A whole file in memory, because a decoder looks at its end, too.
fn standard_input(classifier: &Classifier) -> sarangi::core::Result<Classification> {
    let mut bytes = Vec::new();
    let stop = Stop::new();
    stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| sarangi::core::Error::io(STANDARD_INPUT, e))?;
    let prepared = match classifier.kind() {
        FileKind::Sound => {
            let wave = classifier.hear(Cursor::new(bytes), STANDARD_INPUT, &stop)?;
            classifier.prepare(&wave, &stop)?
        }
        FileKind::Picture => classifier.prepare_picture(&bytes, STANDARD_INPUT, &stop)?,
    };
    let mut answers = classifier.classify_batch(&[prepared])?;
    answers
        .pop()
        .ok_or_else(|| sarangi::core::Error::shape("predict", "one answer", "none"))
}

fn answer(file: &Path, outcome: sarangi::core::Result<Classification>, top_k: usize) -> Answer {
    let path = file.display().to_string();
    match outcome {
        Ok(mut classification) => {
            classification.ranking.truncate(top_k.max(1));
            Answer::Classified {
                path,
                classification,
            }
        }
        Err(error) => Answer::Failed {
            path,
            error: error.to_string(),
        },
    }
}

/// `song.mp3: jazz 83 %, blues 11 %`, and below it the chunks if they are asked for.
fn write_line(text: &mut String, path: &str, answer: &Classification, chunks: bool) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}", printable(path), ranking(answer));
    for chunk in answer.chunks.iter().filter(|_| chunks) {
        let sure = chunk.probabilities.iter().copied().fold(0.0, f32::max);
        let (start, end) = (chunk.start, chunk.end);
        let _ = writeln!(
            text,
            "  {start:7.1} – {end:.1} s  {} {}",
            printable(&chunk.label),
            percent(sure)
        );
    }
}

/// `jazz 83 %, blues 11 %`, or `not sure: jazz 31 %, blues 30 %`.
fn ranking(answer: &Classification) -> String {
    let classes: Vec<String> = answer
        .ranking
        .iter()
        .map(|(label, p)| format!("{} {}", printable(label), percent(*p)))
        .collect();
    let doubt = if answer.sure { "" } else { "not sure: " };
    format!("{doubt}{}", classes.join(", "))
}

fn percent(p: f32) -> String {
    format!("{:.0} %", 100.0 * p)
}
