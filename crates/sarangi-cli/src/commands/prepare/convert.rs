//! `sarangi prepare convert`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sarangi::audio::{Quarantine, audio_files, for_each_file_among};
use sarangi::core::Error;
use sarangi::prelude::Waveform;
use serde::{Deserialize, Serialize};

use super::names::{Stems, below, stem};
use super::output_folder::OutputFolder;
use super::storing::{Storing, warn_of_clipped};
use crate::args::{Common, ConvertArgs};
use crate::commands::quarantine::report;
use crate::console::Console;
use crate::ranks::Ranks;
use crate::usage::Usage;

#[derive(Serialize)]
struct Answer<'a> {
    written: &'a [Written],
    /// How many samples were cut at full scale.
    clipped: usize,
    quarantine: &'a Quarantine,
}

/// A file that was written.
#[derive(Serialize, Deserialize)]
struct Written {
    input: String,
    output: String,
    rate: u32,
    channels: usize,
    seconds: f64,
}

impl Written {
    fn new(input: &str, output: &str, wave: &Waveform) -> Self {
        Self {
            input: input.to_owned(),
            output: output.to_owned(),
            rate: wave.rate().hz(),
            channels: wave.channels(),
            seconds: wave.seconds(),
        }
    }
}

/// Writes a WAV file for a sound, or for every sound and video below a folder.
///
/// A file that cannot be used is put into `quarantine.json` and the work goes on, as long as one
/// file can be used.
pub(super) fn convert(
    args: &ConvertArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    let storing = Storing::new(&args.store, common)?;
    match args.input.is_dir() {
        true => folder(&args.input, &args.output, &storing, console, ranks),
        false => file(&args.input, &args.output, &storing, console),
    }
}

fn file(input: &Path, output: &Path, storing: &Storing, console: &Console) -> Result<()> {
    let ending = output.extension();
    if !ending.is_some_and(|ending| ending.eq_ignore_ascii_case("wav")) {
        let output = output.display();
        return Err(Usage(format!("OUT must end in .wav, got `{output}`")).into());
    }
    let real = |path: &Path| path.canonicalize().ok();
    if real(input).is_some_and(|input| real(output) == Some(input)) {
        let input = input.display();
        return Err(Usage(format!("OUT is IN itself, `{input}`; name another file")).into());
    }
    let wave = storing.read(input)?;
    let clipped = warn_of_clipped(storing.write(output, &wave)?, console);
    let [from, to] = [input, output].map(|path| path.display().to_string());
    let written = [Written::new(&from, &to, &wave)];
    let answer = Answer {
        written: &written,
        clipped,
        quarantine: &Quarantine::default(),
    };
    let (rate, channels, seconds) = (wave.rate().hz(), wave.channels(), wave.seconds());
    let text = format!("{to}  {rate} Hz, {channels} channel(s), {seconds:.2} s");
    console.answer(&answer, text)
}

/// One file's work.
struct Job {
    name: String,
    input: PathBuf,
    output: String,
    problem: Option<String>,
}

fn folder(
    input: &Path,
    output: &Path,
    storing: &Storing,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    let output = OutputFolder::open(input, output, ranks)?;
    let jobs = jobs(input)?;
    let total = jobs.len();
    if total == 0 {
        bail!("{}: holds no sound or video files", input.display());
    }
    output.stage(ranks)?;
    let progress = console.progress("converting", total);
    let outcome = for_each_file_among(
        ranks.all().as_ref(),
        &jobs,
        |job| (job.name.clone(), job.input.clone()),
        |job, path| {
            if let Some(problem) = &job.problem {
                return Err(Error::data(path, problem.as_str()));
            }
            let wave = storing.read(path)?;
            let clipped = storing.write(&output.staged(&job.output), &wave)?;
            Ok((Written::new(&job.name, &job.output, &wave), clipped))
        },
        |done| progress.set(done, "files"),
    );
    progress.finish();
    let (written, quarantine) = outcome?;
    if !ranks.is_first() {
        return Ok(());
    }
    let clipped = warn_of_clipped(written.iter().map(|(_, clipped)| clipped).sum(), console);
    let written: Vec<_> = written.into_iter().map(|(written, _)| written).collect();
    output.publish(written.iter().map(|one| one.output.as_str()))?;
    let list = report(&quarantine, output.path(), console)?;
    if written.is_empty() {
        let (input, list) = (input.display(), list.display());
        bail!("{input}: not one of its {total} file(s) can be converted; see {list}");
    }
    let folder = output.path().display();
    let mut text = format!("{} file(s) written to {folder}", written.len());
    if !quarantine.is_empty() {
        let failed = quarantine.len();
        text += &format!("; {failed} of {total} failed: see {}", list.display());
    }
    let answer = Answer {
        written: &written,
        clipped,
        quarantine: &quarantine,
    };
    console.answer(&answer, text)
}

fn jobs(root: &Path) -> Result<Vec<Job>, Error> {
    let mut stems = Stems::default();
    let jobs = audio_files(root)?.into_iter().map(|input| {
        let (name, problem) = match below(&input, root) {
            Ok(name) => {
                let problem = stems.claim(&name);
                (name, problem)
            }
            Err(name) => (name, Some("its name is not UTF-8; rename it".to_owned())),
        };
        Job {
            output: format!("{}.wav", stem(&name)),
            name,
            input,
            problem,
        }
    });
    Ok(jobs.collect())
}
