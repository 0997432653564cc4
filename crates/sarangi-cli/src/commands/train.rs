//! `sarangi train`.

mod pace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use sarangi::train::{Event, FoldsSummary, Observer, Outcome, Recipe, TrainOptions, Trained};
use serde::Serialize;

use pace::Pace;

use crate::args::{Common, TrainArgs};
use crate::console::{Console, Progress};
use crate::ranks::Ranks;

#[derive(Serialize)]
struct Answer<'a> {
    model: String,
    history: &'a [sarangi::train::EpochRecord],
    test: &'a Option<sarangi::eval::Evaluation>,
}

pub(crate) fn train(
    args: &TrainArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    super::use_threads(common)?;
    let mut settings = args.settings.clone();
    settings.extend(
        args.epochs
            .map(|n| ("training.epochs".to_owned(), n.to_string())),
    );
    settings.extend(args.fold.map(|n| ("split.fold".to_owned(), n.to_string())));
    settings.extend(args.seed.map(|n| ("seed".to_owned(), n.to_string())));
    let longest = common
        .max_seconds
        .map(|n| ("front_end.max_seconds".to_owned(), n.to_string()));
    settings.extend(longest);
    let recipe = Recipe::read(&args.recipe, &settings)?;
    let options = TrainOptions {
        cache: args.cache.clone(),
        device: common.device,
        resume: args.resume,
        overwrite: args.overwrite,
        licence: args.licence.clone(),
        ranks: Arc::clone(ranks.all()),
        ..TrainOptions::new(&args.data, &args.out)
    };
    let watcher = Watcher {
        console,
        bar: Mutex::new(None),
        pace: Mutex::new(Pace::new()),
    };
    match sarangi::train::train_all(&recipe, &options, &watcher)? {
        Trained::One(outcome) => answer_one(&outcome, console),
        Trained::Folds(folds) => {
            let model = folds.run.model().display().to_string();
            let text = format!("{}\nmodel: {model}", folds.summary);
            let summary = &folds.summary;
            console.answer(&FoldsAnswer { model, summary }, text)
        }
    }
}

#[derive(Serialize)]
struct FoldsAnswer<'a> {
    model: String,
    #[serde(flatten)]
    summary: &'a FoldsSummary,
}

fn answer_one(outcome: &Outcome, console: &Console) -> Result<()> {
    let model = outcome.run.model();
    let answer = Answer {
        model: model.display().to_string(),
        history: &outcome.history,
        test: &outcome.test,
    };
    let tables = outcome
        .test
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let text = format!("{tables}\nmodel: {}", model.display());
    console.answer(&answer, text.trim_start())
}

/// Shows a run's events.
struct Watcher<'a> {
    console: &'a Console,
    /// The bar of the work at hand.
    bar: Mutex<Option<Progress<'a>>>,
    /// How fast the training goes.
    pace: Mutex<Pace>,
}

impl<'a> Watcher<'a> {
    fn show(&self, what: &'static str, done: usize, total: usize, message: String) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        bar.get_or_insert_with(|| self.console.progress(what, total))
            .set(done, message);
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_bar(&self) {
        if let Some(bar) = self
            .bar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            bar.finish();
        }
    }
}

impl Observer for Watcher<'_> {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Preparing { done, total } => {
                self.show("preparing", done, total, "tracks".into());
            }
            Event::Prepared {
                corpus,
                split,
                parameters,
            } => {
                self.end_bar();
                self.console.note(format_args!(
                    "{} tracks of {} classes; {} chunks train, {} validate, {} test; \
                     {parameters} parameters",
                    corpus.tracks.len(),
                    corpus.labels.len(),
                    split.train.len(),
                    split.valid.len(),
                    split.test.len(),
                ));
                self.pace().begin();
            }
            Event::Fold { fold, count } => {
                self.end_bar();
                self.console.note(format_args!("fold {fold} of {count}"));
            }
            Event::Warning(text) => {
                self.end_bar();
                self.console.note(format_args!("warning: {text}"));
            }
            Event::Step {
                epoch,
                done,
                total,
                loss,
                accuracy,
                chunks,
            } => {
                let speed = self.pace().step(chunks);
                // One line for each epoch is enough where there is no bar.
                if self.console.has_bars() {
                    let right = 100.0 * accuracy;
                    let message = format!(
                        "epoch {epoch}, loss {loss:.4}, {right:.1} % right, {speed:.0} chunks/s"
                    );
                    self.show("training", done, total, message);
                }
            }
            Event::Epoch { record, last } => {
                self.end_bar();
                let pace = self.pace().epoch(record.epoch, last);
                self.console
                    .note(format_args!("{}  {pace}", record.line(last)));
            }
            Event::StoppedEarly { epoch } => {
                self.end_bar();
                self.console.note(format_args!(
                    "stopped early after epoch {epoch}: it no longer gets better"
                ));
            }
            _ => {}
        }
    }
}
