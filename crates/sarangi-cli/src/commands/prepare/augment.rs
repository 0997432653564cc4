//! `sarangi prepare augment`.

mod asked;
mod copier;
mod jobs;
mod known;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sarangi::audio::{Quarantine, audio_files, for_each_file_among};
use sarangi::core::Error;
use sarangi::data::{AugmentedCopy, Listing};
use sarangi::prelude::Seed;
use serde::Serialize;

use super::output_folder::OutputFolder;
use super::recordings::refuse_copies;
use crate::args::{Common, PrepareAugmentArgs};
use crate::commands::quarantine::report;
use crate::console::Console;
use crate::ranks::Ranks;

use asked::Asked;
use copier::{Copied, Copier};
use jobs::{Job, add_copies, jobs};
use known::Known;

#[derive(Serialize)]
struct Answer<'a> {
    written: &'a [AugmentedCopy],
    originals: usize,
    /// How many samples were cut at full scale.
    clipped: usize,
    quarantine: &'a Quarantine,
}

/// Writes augmented copies of every sound file below IN_DIR, and their list.
///
/// A file that cannot be used is put into `quarantine.json` and the work goes on, as long as one
/// file can be used.
pub(super) fn augment(
    args: &PrepareAugmentArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    let (input, output) = (&args.input, &args.output);
    let asked = Asked::new(args)?;
    check_input(input)?;
    let known = Known::read(input)?;
    let output = OutputFolder::open(input, output, ranks)?;
    let (mut jobs, labels) = jobs(&audio_files(input)?, input);
    let total = jobs.len();
    if total == 0 {
        bail!("{}: holds no sound files", input.display());
    }
    add_copies(
        &mut jobs,
        &asked.plan(&labels)?,
        asked.extra,
        Seed(args.seed),
    );
    if jobs.iter().all(Job::leaves_as_it_is) {
        bail!(
            "--policy: changes none of the classes of {}",
            input.display()
        );
    }
    output.stage(ranks)?;
    let copier = Copier::new(&asked.policy, &labels, &output, args.bits, common);
    let progress = console.progress("augmenting", total);
    let outcome = for_each_file_among(
        ranks.all().as_ref(),
        &jobs,
        |job| (job.name.clone(), job.input.clone()),
        |job, path| copier.run(job, path),
        |done| progress.set(done, "files"),
    );
    progress.finish();
    let (done, quarantine) = outcome?;
    if !ranks.is_first() {
        return Ok(());
    }
    finish(done, &quarantine, &output, &jobs, &known, console)
}

fn check_input(input: &Path) -> Result<(), Error> {
    match input.exists() && !input.is_dir() {
        true => Err(Error::data(input, "is not a folder")),
        // A copy of a copy would be heard where the copy may not be.
        false => refuse_copies(input),
    }
}

fn finish(
    done: Vec<Copied>,
    quarantine: &Quarantine,
    output: &OutputFolder,
    jobs: &[Job],
    known: &Known,
    console: &Console,
) -> Result<()> {
    let (total, failed) = (jobs.len(), quarantine.len());
    let used = done.iter().filter(|one| !one.copies.is_empty()).count();
    let clipped: usize = done.iter().map(|one| one.clipped).sum();
    let originals: Vec<_> = done.iter().filter_map(|one| one.original.clone()).collect();
    let copies: Vec<_> = done.into_iter().flat_map(|one| one.copies).collect();
    if !copies.is_empty() {
        publish(output, &copies, &originals, known)?;
    }
    let list = report(quarantine, output.path(), console)?;
    if copies.is_empty() {
        let list = list.display();
        bail!("not one of the sound files that are to be changed can be used; see {list}");
    }
    if clipped > 0 {
        console.note(format_args!(
            "warning: {clipped} sample(s) beyond full scale were cut; leave out --bits 16 to keep \
             them"
        ));
    }
    let folder = output.path().display();
    let mut text = format!("{} copies of {used} file(s)", copies.len());
    if !originals.is_empty() {
        text += &format!(" and {} original(s)", originals.len());
    }
    text += &format!(" written to {folder}");
    if failed > 0 {
        text += &format!("; {failed} of {total} failed: see {}", list.display());
    }
    let answer = Answer {
        written: &copies,
        originals: originals.len(),
        clipped,
        quarantine,
    };
    console.answer(&answer, text)
}

/// Lists the copies, and then puts them in their places, with the originals beside them.
fn publish(
    output: &OutputFolder,
    copies: &[AugmentedCopy],
    originals: &[(String, PathBuf)],
    known: &Known,
) -> Result<(), Error> {
    AugmentedCopy::write_list(output.path(), copies)?;
    let names = originals.iter().map(|(name, _)| name.as_str());
    if let Some(manifest) = known.manifest(copies, names)? {
        output.write_text(Listing::MANIFESTS[0], &manifest)?;
    }
    output.publish(copies.iter().map(|copy| copy.file.as_str()))?;
    originals
        .iter()
        .try_for_each(|(name, original)| output.link(name, original))
}
