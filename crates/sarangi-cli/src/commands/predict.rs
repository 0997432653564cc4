//! `sarangi predict`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use rayon::prelude::*;
use sarangi::audio::files_of;
use sarangi::prelude::Classifier;
use sarangi::train::Classification;
use serde::Serialize;

use crate::args::{Common, PredictArgs};
use crate::console::{Console, printable};

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
    super::use_threads(common)?;
    let mut classifier = Classifier::load(&args.model, common.device)?;
    if let Some(seconds) = common.max_seconds {
        classifier = classifier.with_max_seconds(seconds);
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for input in &args.inputs {
        if input.is_dir() {
            let found = files_of(input, classifier.kind())?;
            if found.is_empty() {
                let noun = classifier.kind().noun();
                bail!("{}: holds no {noun} files", input.display());
            }
            files.extend(found);
        } else {
            files.push(input.clone());
        }
    }
    let total = files.len();
    // One file is an answer of its own, and no work to be watched.
    let progress = (total > 1).then(|| console.progress("predicting", total));
    let done = AtomicUsize::new(0);
    let answers: Vec<Answer> = files
        .par_iter()
        .map(|file| {
            let answer = answer(&classifier, file, args.top_k);
            if let Some(progress) = &progress {
                progress.set(done.fetch_add(1, Ordering::Relaxed) + 1, "files");
            }
            answer
        })
        .collect();
    if let Some(progress) = &progress {
        progress.finish();
    }
    let mut text = String::new();
    let mut errors = Vec::new();
    for answer in &answers {
        match answer {
            Answer::Classified {
                path,
                classification,
            } => {
                write_line(&mut text, path, classification, args.chunks);
            }
            Answer::Failed { error, .. } => errors.push(error),
        }
    }
    if !text.is_empty() || common.json {
        console.answer(&answers, text)?;
    }
    if let ([error], 1) = (errors.as_slice(), total) {
        bail!("{error}");
    }
    errors.iter().for_each(|error| console.error(error));
    match errors.len() {
        0 => Ok(()),
        failed => bail!("{failed} of {total} files cannot be used"),
    }
}

fn answer(classifier: &Classifier, file: &Path, top_k: usize) -> Answer {
    let path = file.display().to_string();
    match classifier.classify_file(file) {
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
    let percent = |p: f32| format!("{:.0} %", 100.0 * p);
    let ranking: Vec<String> = answer
        .ranking
        .iter()
        .map(|(label, p)| format!("{} {}", printable(label), percent(*p)))
        .collect();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}: {}", printable(path), ranking.join(", "));
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
