//! `sarangi prepare clean`.

use anyhow::Result;
use sarangi::core::Error;
use sarangi::data::{Listing, Review};
use serde::Serialize;

use super::kind::kind_of;
use super::recordings::refuse_copies;
use super::selection::{Outcome, Selection};
use crate::args::CleanArgs;
use crate::console::Console;

#[derive(Serialize)]
struct Answer<'a> {
    kept: usize,
    dropped: Vec<&'a str>,
    /// Files of which the review says nothing; they are kept.
    undecided: Vec<&'a str>,
    /// Whether anything was written: not if all was there.
    written: bool,
}

/// Puts the files that a review does not drop into a folder of their own.
pub(super) fn clean(args: &CleanArgs, console: &Console) -> Result<()> {
    let review = Review::read(&args.review)?;
    let kind = kind_of(&args.input, args.kind)?;
    refuse_copies(&args.input)?;
    let mut listing = Listing::find(&args.input, kind)?;
    check_names(&review, &listing, args)?;
    let (dropped, undecided) = (review.dropped(), review.undecided());
    listing
        .files
        .retain(|file| !dropped.contains(file.path.as_str()));
    if listing.files.is_empty() {
        return Err(Error::data(&args.review, "keeps not a single file").into());
    }
    if !undecided.is_empty() {
        console.note(format_args!(
            "warning: {}: says nothing of {} file(s), which are kept, such as `{}`",
            args.review.display(),
            undecided.len(),
            undecided.first().unwrap_or(&"")
        ));
    }
    let outcome = Selection::new(&args.input, &listing, args.link)?.write(&args.output, console)?;
    let kept = listing.files.len();
    let answer = Answer {
        kept,
        dropped: dropped.iter().copied().collect(),
        undecided: undecided.into_iter().collect(),
        written: outcome == Outcome::Written,
    };
    let (output, dropped) = (args.output.display(), dropped.len());
    let text = match outcome {
        Outcome::Written => format!("{kept} files written to {output}, {dropped} dropped"),
        Outcome::Unchanged => format!("the {kept} files are in {output} already"),
    };
    console.answer(&answer, text)
}

/// A review of another folder would drop nothing, or the wrong files.
fn check_names(review: &Review, listing: &Listing, args: &CleanArgs) -> Result<(), Error> {
    let files = listing.files.iter().map(|file| file.path.as_str());
    let problems = listing.problems.entries().iter().map(|e| e.path.as_str());
    let known: std::collections::BTreeSet<&str> = files.chain(problems).collect();
    match review
        .rows
        .iter()
        .find(|row| !known.contains(row.path.as_str()))
    {
        None => Ok(()),
        Some(row) => {
            let (path, input) = (&row.path, args.input.display());
            let reason = format!("names `{path}`, which is not in {input}; it is another's review");
            Err(Error::data(&args.review, reason))
        }
    }
}
