//! `sarangi evaluate`.

use anyhow::{Context, Result};
use sarangi::data::{FeatureCache, Part};
use sarangi::prelude::Classifier;
use sarangi::train::{Evaluated, Run};

use crate::args::{Common, EvaluateArgs, SplitPart};
use crate::console::Console;

pub(crate) fn evaluate(args: &EvaluateArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let classifier = Classifier::load(&args.model, common.device)?;
    let part = match args.split {
        SplitPart::Train => Some(Part::Train),
        SplitPart::Valid => Some(Part::Valid),
        SplitPart::Test => Some(Part::Test),
        SplitPart::All => None,
    };
    // Held until the end: the folder goes when it is dropped.
    let temporary;
    let cache = match &args.cache {
        Some(folder) => folder.clone(),
        None => {
            temporary = tempfile::tempdir().context("a temporary folder for features")?;
            temporary.path().to_owned()
        }
    };
    let cache = FeatureCache::new(cache);
    let progress = std::sync::OnceLock::new();
    let outcome = classifier.evaluate(&args.data, part, &cache, |done, total| {
        progress
            .get_or_init(|| console.progress("preparing", total))
            .set(done, "tracks");
    });
    if let Some(progress) = progress.get() {
        progress.finish();
    }
    let Evaluated {
        evaluation,
        predictions,
        corpus,
    } = outcome?;
    for entry in corpus.quarantine.entries() {
        console.note(format_args!(
            "warning: left out {}: {}",
            entry.path, entry.reason
        ));
    }
    let leaking = classifier.card().leaking_tracks;
    if leaking > 0 && part.is_some() {
        console.note(format_args!(
            "warning: the model's split leaks ({leaking} tracks are in several parts); the \
             numbers are too good"
        ));
    }
    if part.is_none() {
        console.note("note: every track is scored, those that trained the model included");
    }
    if let Some(folder) = &args.out {
        let run = Run::new(folder);
        run.write_evaluation(&evaluation, ["chunks", "tracks"])?;
        run.write_predictions(&predictions, evaluation.pooling)?;
    }
    console.answer(&evaluation, &evaluation)
}
