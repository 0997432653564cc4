//! From a recipe and a folder of music to a run.

use std::path::PathBuf;
use std::sync::Arc;

use sarangi_core::{Alone, Backend, Communicator, Error, Result};
use sarangi_data::{Augmented, FrontEnd, LeakPolicy, Part};
use sarangi_eval::Evaluation;

use crate::prepared_data::{Drawn, PreparedData};
use crate::training::{Data, Training};
use crate::{EpochRecord, Event, Observer, Recipe, Run};

/// Where and how a run takes place; nothing here changes the model.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The data set: a folder with a sub-folder for each class, or a manifest.
    pub data: PathBuf,
    /// The folder that the run's files go to.
    pub out: PathBuf,
    /// Where features are kept; `cache` in the run's folder if not given. Runs may share one.
    pub cache: Option<PathBuf>,
    /// Which device computes.
    pub device: Backend,
    /// Go on where the run in `out` stopped; at the beginning, if none of its epochs was saved.
    pub resume: bool,
    /// Replace the run in `out`.
    pub overwrite: bool,
    /// The terms under which the model may be used, for its card.
    pub licence: Option<String>,
    /// With whom the work is shared; nobody if not given. All ranks have the same recipe and options,
    /// see the same files, and call the same function; the first alone writes into the run's folder.
    pub ranks: Arc<dyn Communicator>,
}

impl TrainOptions {
    /// A new run on the best device there is.
    pub fn new(data: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            out: out.into(),
            cache: None,
            device: Backend::Auto,
            resume: false,
            overwrite: false,
            licence: None,
            ranks: Arc::new(Alone),
        }
    }
}

/// What a run made.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run's files.
    pub run: Run,
    /// Every epoch.
    pub history: Vec<EpochRecord>,
    /// The best epoch's model on the test part; none if nothing tests.
    pub test: Option<Evaluation>,
}

/// Trains a network as a recipe says and writes the run's folder.
///
/// The model of the best epoch, by the number that the recipe monitors, is kept, and tested once at
/// the end.
///
/// # Errors
/// Whatever is wrong with the recipe, the data or the folder, before anything is written if it can
/// be known then; [`Error::Data`] if the loss stops being a number.
pub fn train(recipe: &Recipe, options: &TrainOptions, observer: &dyn Observer) -> Result<Outcome> {
    let run = Run::new(&options.out);
    recipe.check()?;
    recipe.training.check_ranks(options.ranks.size())?;
    check_place(std::slice::from_ref(&run), options)?;
    let split_spec = recipe.split.resolved()?;
    // A run that goes on has all its weights, whatever it began with.
    if let (Some(init), false) = (&recipe.training.init, options.resume) {
        init.check_file()?;
    }
    let data = PreparedData::new(recipe, options, observer)?;
    let drawn = data.draw(recipe, split_spec)?;
    // Only now is it certain that there will be a run.
    if options.overwrite && options.ranks.is_first() {
        run.clear()?;
    }
    train_drawn(recipe, options, &data, drawn, observer)
}

/// Checks that what is in the folders of these runs is what the options speak of.
pub(crate) fn check_place(runs: &[Run], options: &TrainOptions) -> Result<()> {
    let first = runs
        .iter()
        .find_map(|run| run.existing().into_iter().next());
    match first {
        Some(file) if !options.resume && !options.overwrite => {
            let reason =
                "is there from an earlier run; resume it, overwrite it, or name another folder";
            Err(Error::data(file, reason))
        }
        // A run that was killed before its first epoch was saved begins anew.
        None if options.resume => Err(Error::data(&options.out, "holds no run to resume")),
        _ => Ok(()),
    }
}

/// Trains on what was prepared and drawn, in a folder that holds nothing, or a run to resume.
pub(crate) fn train_drawn(
    recipe: &Recipe,
    options: &TrainOptions,
    data: &PreparedData,
    drawn: Drawn,
    observer: &dyn Observer,
) -> Result<Outcome> {
    let run = Run::new(&options.out);
    let PreparedData {
        corpus,
        cache,
        front_end,
        device,
    } = data;
    let Drawn { spec, split, leaks } = drawn;
    let leaks = (!leaks.is_empty()).then(|| {
        let what = match recipe.leaks {
            LeakPolicy::Drop => "left out of what is learned",
            _ => "let pass, so that the numbers are too good",
        };
        format!("{}: {what}", leaks.summary(corpus))
    });
    if let Some(leaks) = &leaks {
        observer.observe(Event::Warning(leaks.clone()));
    }
    if !corpus.quarantine.is_empty() {
        if options.ranks.is_first() {
            corpus.quarantine.write(run.quarantine())?;
        }
        let count = corpus.quarantine.len();
        let list = run.quarantine();
        let text = format!(
            "{count} file(s) cannot be used and are left out: {}",
            list.display()
        );
        observer.observe(Event::Warning(text));
    }
    let [originals, copies] = split.left_out(corpus);
    if originals > 0 {
        let text = format!("{originals} track(s) are in no part of the split and are left out");
        observer.observe(Event::Warning(text));
    }
    if copies > 0 {
        let text = format!("{copies} augmented copies are left out: their originals do not train");
        observer.observe(Event::Warning(text));
    }
    let policy = recipe
        .augment
        .as_ref()
        .map(|policy| front_end.policy(policy, &corpus.labels))
        .transpose()?;
    if let (Some(policy), FrontEnd::Sound(sound)) = (&policy, front_end) {
        let train = split.part(Part::Train);
        let ranks = options.ranks.as_ref();
        Augmented::prepare_among(ranks, corpus, train, sound, policy, cache, |done, total| {
            observer.observe(Event::Preparing { done, total });
        })?;
    }
    let data = Data {
        corpus,
        cache,
        split: &split,
        split_spec: spec,
        front_end,
        policy,
        leaks,
    };
    Training::new(recipe, options, device, data)?.run(&run, observer)
}
