//! `sarangi prepare chunk`.

use std::path::Path;

use anyhow::{Result, bail};
use sarangi::audio::{ChunkSpec, FileKind, Quarantine, for_each_file_among};
use sarangi::core::Error;
use sarangi::data::{Listed, ListedFile, Listing};
use sarangi::prelude::{SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::names::{Stems, stem};
use super::output_folder::{OutputFolder, refuse_within};
use super::recordings::refuse_copies;
use super::storing::{Storing, warn_of_clipped};
use crate::args::{ChunkArgs, Common};
use crate::commands::quarantine::report;
use crate::console::Console;
use crate::ranks::Ranks;
use crate::usage::Usage;

#[derive(Serialize)]
struct Answer<'a> {
    /// The chunks' files, in order.
    written: Vec<&'a str>,
    /// How many files they are of.
    files: usize,
    /// How many samples were cut at full scale.
    clipped: usize,
    quarantine: &'a Quarantine,
}

/// A file's work.
struct Job<'a> {
    file: &'a ListedFile,
    problem: Option<String>,
}

/// Writes consecutive chunks of every sound file, and the manifest that says which are of one recording.
///
/// A file that cannot be used is put into `quarantine.json` and the work goes on, as long as one
/// file can be used.
pub(super) fn chunk(
    args: &ChunkArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    let storing = Storing::new(&args.store, common)?;
    let spec = spec(args)?;
    // What is senseless at any rate is no fault of the files.
    spec.build(storing.rate().unwrap_or(SampleRate::HZ_44100))?;
    refuse_copies(&args.input)?;
    let listing = Listing::find(&args.input, FileKind::Sound)?;
    refuse_within(&args.output, &listing.root)?;
    let output = OutputFolder::open(&args.input, &args.output, ranks)?;
    let mut stems = Stems::default();
    let jobs: Vec<Job<'_>> = listing
        .files
        .iter()
        .map(|file| Job {
            file,
            problem: stems.claim(&file.path),
        })
        .collect();
    output.stage(ranks)?;
    let progress = console.progress("cutting", jobs.len());
    // What the listing says of a file all ranks know.
    let numbered: Vec<_> = jobs.iter().enumerate().collect();
    let outcome = for_each_file_among(
        ranks.all().as_ref(),
        &numbered,
        |(_, job)| listing.locate(job.file),
        |(number, job), path| match &job.problem {
            Some(problem) => Err(Error::data(path, problem.as_str())),
            None => Ok((*number, cut(job.file, path, &spec, &storing, &output)?)),
        },
        |done| progress.set(done, "files"),
    );
    progress.finish();
    let (cut, mut quarantine) = outcome?;
    if !ranks.is_first() {
        return Ok(());
    }
    quarantine.merge(listing.problems.clone());
    let files = cut.len();
    let clipped = cut.iter().map(|(_, cut)| cut.clipped).sum();
    let clipped = warn_of_clipped(clipped, console);
    let cut = cut.into_iter().filter_map(|(number, cut)| {
        let job = jobs.get(number)?;
        Some(cut.chunks(job.file))
    });
    let cut: Vec<ListedFile> = cut.flatten().collect();
    let total = files + quarantine.len();
    let chunks = Listing {
        root: args.output.clone(),
        files: cut,
        problems: Quarantine::default(),
        ..listing
    };
    if files > 0 {
        publish(&chunks, &output)?;
    }
    let list = report(&quarantine, output.path(), console)?;
    if files == 0 {
        let (input, list) = (args.input.display(), list.display());
        bail!("{input}: not one of its {total} sound file(s) can be used; see {list}");
    }
    let (count, folder) = (chunks.files.len(), output.path().display());
    let mut text = format!("{count} chunks of {files} file(s) written to {folder}");
    if !quarantine.is_empty() {
        let failed = quarantine.len();
        text += &format!("; {failed} of {total} failed: see {}", list.display());
    }
    let answer = Answer {
        written: chunks.files.iter().map(|file| file.path.as_str()).collect(),
        files,
        clipped,
        quarantine: &quarantine,
    };
    console.answer(&answer, text)
}

fn spec(args: &ChunkArgs) -> Result<ChunkSpec, Usage> {
    let overlap = args.overlap.unwrap_or(0.0);
    if overlap >= args.seconds {
        let seconds = args.seconds;
        let reason = format!("--overlap must be less than --seconds, got {overlap} and {seconds}");
        return Err(Usage(reason));
    }
    Ok(ChunkSpec {
        seconds: args.seconds,
        overlap: overlap / args.seconds,
        count: args.count,
        tail: args.tail.into(),
    })
}

/// The chunks of one file.
#[derive(Serialize, Deserialize)]
struct Cut {
    count: usize,
    clipped: usize,
}

impl Cut {
    /// They are of one recording, the file's own unless a manifest names another.
    fn chunks(self, file: &ListedFile) -> impl Iterator<Item = ListedFile> {
        let recording = file.listed.recording.clone();
        let listed = Listed {
            recording: recording.or_else(|| Some(file.path.clone())),
            ..file.listed.clone()
        };
        (1..=self.count).map(move |number| ListedFile {
            path: chunk_name(file, number),
            label: file.label,
            listed: listed.clone(),
        })
    }
}

fn chunk_name(file: &ListedFile, number: usize) -> String {
    format!("{}_chunk{number}.wav", stem(&file.path))
}

/// Writes the chunks of one file.
fn cut(
    file: &ListedFile,
    path: &Path,
    spec: &ChunkSpec,
    storing: &Storing,
    output: &OutputFolder,
) -> Result<Cut, Error> {
    let wave = storing.read(path)?;
    let plan = spec
        .build(wave.rate())
        .map_err(|e| Error::decode(path, e.to_string()))?;
    let mut cut = Cut {
        count: 0,
        clipped: 0,
    };
    for chunk in plan.cut(&wave) {
        cut.count += 1;
        let name = chunk_name(file, cut.count);
        cut.clipped += storing.write(&output.staged(&name), &chunk)?;
    }
    Ok(cut)
}

/// The manifest comes first: without it, chunks would be taken for recordings.
fn publish(chunks: &Listing, output: &OutputFolder) -> Result<(), Error> {
    output.write_text(Listing::MANIFESTS[0], &chunks.to_csv()?)?;
    output.publish(chunks.files.iter().map(|file| file.path.as_str()))
}
