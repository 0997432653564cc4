//! A folder tree of features.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sarangi::audio::{Quarantine, audio_files, for_each_file_among};
use sarangi::core::Error;
use serde::Serialize;

use super::extraction::{Extraction, Written};
use crate::commands::quarantine::report;
use crate::console::Console;
use crate::ranks::Ranks;

#[derive(Serialize)]
struct Answer<'a> {
    written: &'a [Written],
    quarantine: &'a Quarantine,
}

/// Computes the feature of every sound file below `input` into the same tree below `output`.
///
/// A file that cannot be used is put into `quarantine.json` and the work goes on, as long as one
/// file can be used.
pub(super) fn extract(
    extraction: &Extraction,
    input: &Path,
    output: &Path,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    let jobs = jobs(extraction, input, output)?;
    let total = jobs.len();
    if total == 0 {
        bail!("{}: holds no sound files", input.display());
    }
    // A folder that cannot be made should not cost an hour first.
    fs::create_dir_all(output).map_err(|e| Error::io(output, e))?;
    let progress = console.progress("extracting", total);
    let outcome = for_each_file_among(
        ranks.all().as_ref(),
        &jobs,
        |job| (job.name.clone(), job.input.clone()),
        |job, input| {
            if job.taken {
                let reason = "differs from another file only in its ending, so that both have one \
                              result; rename it";
                return Err(Error::data(input, reason));
            }
            extraction.run(input, &job.output)
        },
        |done| progress.set(done, "files"),
    );
    progress.finish();
    let (written, quarantine) = outcome?;
    if !ranks.is_first() {
        return Ok(());
    }
    let list = report(&quarantine, output, console)?;
    let failed = quarantine.len();
    if written.is_empty() {
        bail!(
            "{}: not one of its {failed} sound file(s) can be used; see {}",
            input.display(),
            list.display()
        );
    }
    let mut text = format!("{} file(s) written to {}", written.len(), output.display());
    if failed > 0 {
        text += &format!("; {failed} of {total} failed: see {}", list.display());
    }
    console.answer(
        &Answer {
            written: &written,
            quarantine: &quarantine,
        },
        text,
    )
}

/// One file's work.
struct Job {
    /// The file's path below the folder, with `/` between the parts.
    name: String,
    input: PathBuf,
    output: PathBuf,
    /// Whether a file before it has the same `output`.
    taken: bool,
}

fn jobs(extraction: &Extraction, input: &Path, output: &Path) -> Result<Vec<Job>> {
    let mut outputs = HashSet::new();
    let jobs = audio_files(input)?.into_iter().map(|file| {
        let below = file.strip_prefix(input).unwrap_or(&file);
        let name: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let output = output
            .join(below)
            .with_extension(extraction.format.ending());
        Job {
            name: name.join("/"),
            taken: !outputs.insert(output.clone()),
            output,
            input: file,
        }
    });
    Ok(jobs.collect())
}
