//! Cross-validation: a run for each fold, and what they say together.

use std::collections::BTreeMap;
use std::fs;

use sarangi_core::{Error, Result, write_atomically};
use sarangi_data::SplitSpec;
use sarangi_eval::{Evaluation, FoldSummary, Prediction, Predictions};
use serde::Serialize;

use crate::prepared_data::PreparedData;
use crate::train::{check_place, train_drawn};
use crate::{EpochRecord, Event, Observer, Outcome, Recipe, Run, TrainOptions, train};

/// The confidence of intervals over folds.
const LEVEL: f64 = 0.95;

/// What [`train_all`] made.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for a run of hours")]
pub enum Trained {
    /// One run.
    One(Outcome),
    /// A run for each fold of a cross-validation.
    Folds(Folds),
}

/// The runs of a cross-validation.
#[derive(Debug)]
pub struct Folds {
    /// The folder that holds a folder for each fold, and what they say together.
    pub run: Run,
    /// The runs, in the order of their folds.
    pub folds: Vec<Outcome>,
    /// What they say together.
    pub summary: FoldsSummary,
}

/// What the folds of a cross-validation say together; `folds.json`.
#[derive(Clone, Debug, Serialize)]
pub struct FoldsSummary {
    /// The fold whose model is `model.safetensors`, from 1: the one with the lowest validation loss,
    /// or training loss where nothing validates.
    pub best: usize,
    /// Each fold in short.
    pub folds: Vec<FoldScore>,
    /// The accuracy on the validation chunks, if there are any.
    pub validation_accuracy: Option<FoldSummary>,
    /// The accuracy on the test chunks.
    pub chunk_accuracy: Option<FoldSummary>,
    /// The accuracy on the test tracks.
    pub track_accuracy: Option<FoldSummary>,
    /// What `together` is.
    pub meaning: Together,
    /// All folds' answers as one; of several ranks only the first knows them.
    pub together: Option<Evaluation>,
}

/// What it means to take the answers of all folds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// Every fold's model answers for the same tracks: the mean of their probabilities.
    Ensemble,
    /// Every track is answered by the one model that has not heard it.
    OutOfFold,
}

/// One fold in short.
#[derive(Clone, Debug, Serialize)]
pub struct FoldScore {
    /// The fold, from 1.
    pub fold: usize,
    /// The epoch whose model it keeps.
    pub epoch: usize,
    /// That epoch's validation loss.
    pub validation_loss: Option<f64>,
    /// That epoch's accuracy on the validation chunks.
    pub validation_accuracy: Option<f64>,
    /// Its accuracy on the test chunks.
    pub chunk_accuracy: Option<f64>,
    /// Its accuracy on the test tracks.
    pub track_accuracy: Option<f64>,
}

/// Trains as a recipe says: one network, or one for each fold if the split is a cross-validation of
/// which no fold is named. Then each fold's run is in a folder of its own, `fold-1` and on, and the
/// folder has the best fold's `model.safetensors`, `folds.json`, and what all say together.
///
/// # Errors
/// As [`train`].
pub fn train_all(
    recipe: &Recipe,
    options: &TrainOptions,
    observer: &dyn Observer,
) -> Result<Trained> {
    recipe.check()?;
    recipe.training.check_ranks(options.ranks.size())?;
    if !matches!(&recipe.split, SplitSpec::KFold(spec) if spec.fold.is_none()) {
        return train(recipe, options, observer).map(Trained::One);
    }
    let run = Run::new(&options.out);
    let older: Vec<Run> = run
        .begun_folds()?
        .into_iter()
        .map(|n| run.fold(n))
        .collect();
    let places = [std::slice::from_ref(&run), &older].concat();
    check_place(&places, options)?;
    if let (Some(init), false) = (&recipe.training.init, options.resume) {
        init.check_file()?;
    }
    let data = PreparedData::new(recipe, options, observer)?;
    // Folds that the data set brings can be counted only once it is known.
    let count = recipe.split.folds(&data.corpus)?.unwrap_or(1);
    // All of them, so that no fold is refused after others have trained for hours.
    let drawn = (1..=count).map(|fold| data.draw(recipe, recipe.split.clone().with_fold(fold)));
    let drawn = drawn.collect::<Result<Vec<_>>>()?;
    if options.overwrite && options.ranks.is_first() {
        places.iter().try_for_each(Run::clear)?;
    }
    let mut folds = Vec::with_capacity(count);
    for (fold, drawn) in (1..).zip(drawn) {
        observer.observe(Event::Fold { fold, count });
        let recipe = Recipe {
            split: drawn.spec.clone(),
            ..recipe.clone()
        };
        let place = run.fold(fold);
        let options = TrainOptions {
            // What was not begun when the run stopped begins now.
            resume: options.resume && !place.existing().is_empty(),
            out: place.folder().to_owned(),
            ..options.clone()
        };
        folds.push(train_drawn(&recipe, &options, &data, drawn, observer)?);
    }
    let summary = FoldsSummary::of(recipe, &folds, options.ranks.is_first())?;
    if options.ranks.is_first() {
        write(recipe, &run, &summary)?;
    }
    Ok(Trained::Folds(Folds {
        run,
        folds,
        summary,
    }))
}

/// Writes what all folds say together, and the best one's model.
fn write(recipe: &Recipe, run: &Run, summary: &FoldsSummary) -> Result<()> {
    let best = run.fold(summary.best).model();
    let bytes = fs::read(&best).map_err(|e| Error::io(&best, e))?;
    write_atomically(run.model(), |out| {
        out.write_all(&bytes).map_err(|e| Error::io(run.model(), e))
    })?;
    run.write_text(&run.recipe(), &recipe.to_toml()?)?;
    run.write_json(&run.folds(), summary)?;
    if let Some(together) = &summary.together {
        run.write_evaluation(together, ["All folds, chunks", "All folds, tracks"])?;
    }
    Ok(())
}

impl FoldsSummary {
    /// `reads` is whether the folds' answers are to be read.
    fn of(recipe: &Recipe, folds: &[Outcome], reads: bool) -> Result<Self> {
        let scores: Vec<FoldScore> = folds.iter().enumerate().map(score).collect();
        let losses = folds
            .iter()
            .map(|fold| best_epoch(fold).map_or(f64::INFINITY, loss));
        let best = losses
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(1, |(i, _)| i + 1);
        let over_folds = |value: fn(&FoldScore) -> Option<f64>| {
            let values: Option<Vec<f64>> = scores.iter().map(value).collect();
            let values = values.filter(|values| values.len() > 1);
            values
                .map(|values| FoldSummary::of(&values, LEVEL))
                .transpose()
        };
        let meaning = match &recipe.split {
            SplitSpec::KFold(spec) if spec.holdout.holds() => Together::Ensemble,
            _ => Together::OutOfFold,
        };
        let together = match reads {
            true => together(folds, meaning)?,
            false => None,
        };
        let pooling = recipe.prediction.pooling;
        Ok(Self {
            best,
            validation_accuracy: over_folds(|score| score.validation_accuracy)?,
            chunk_accuracy: over_folds(|score| score.chunk_accuracy)?,
            track_accuracy: over_folds(|score| score.track_accuracy)?,
            meaning,
            together: together.map(|all| Evaluation::of(&all, pooling)),
            folds: scores,
        })
    }
}

impl std::fmt::Display for FoldsSummary {
    /// A line for each fold, their means with intervals, and all together.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |share: Option<f64>| match share {
            Some(share) => format!("{:6.1} %", 100.0 * share),
            None => format!("{:>8}", "–"),
        };
        writeln!(
            f,
            "fold  epoch  validation chunks  test chunks  test tracks"
        )?;
        for score in &self.folds {
            writeln!(
                f,
                "{:>4}  {:>5}  {:>17}  {:>11}  {:>11}{}",
                score.fold,
                score.epoch,
                percent(score.validation_accuracy),
                percent(score.chunk_accuracy),
                percent(score.track_accuracy),
                if score.fold == self.best {
                    "  best"
                } else {
                    ""
                }
            )?;
        }
        for (name, summary) in [
            ("validation chunks", &self.validation_accuracy),
            ("test chunks", &self.chunk_accuracy),
            ("test tracks", &self.track_accuracy),
        ] {
            if let Some(summary) = summary {
                writeln!(
                    f,
                    "mean of {name}: {:.1} % ± {:.1} (95 % interval {:.1} to {:.1})",
                    100.0 * summary.mean,
                    100.0 * summary.deviation,
                    100.0 * summary.interval.low.max(0.0),
                    100.0 * summary.interval.high.min(1.0),
                )?;
            }
        }
        if let Some(together) = &self.together {
            let meaning = match self.meaning {
                Together::Ensemble => "the folds' models asked together",
                Together::OutOfFold => "every track by the model that has not heard it",
            };
            write!(f, "\n{meaning}:\n{together}")?;
        }
        Ok(())
    }
}

fn score((number, fold): (usize, &Outcome)) -> FoldScore {
    let best = best_epoch(fold);
    let test = fold.test.as_ref();
    FoldScore {
        fold: number + 1,
        epoch: best.map_or(0, |record| record.epoch),
        validation_loss: best.and_then(|record| record.valid_loss),
        validation_accuracy: best.and_then(|record| record.valid_accuracy),
        chunk_accuracy: test.map(|test| test.chunk.accuracy),
        track_accuracy: test.map(|test| test.track.accuracy),
    }
}

/// The epoch whose model a run keeps.
fn best_epoch(fold: &Outcome) -> Option<&EpochRecord> {
    fold.history.iter().rev().find(|record| record.best)
}

fn loss(record: &EpochRecord) -> f64 {
    record.valid_loss.unwrap_or(record.train_loss)
}

/// The answers of all folds' models to what tests them.
fn together(folds: &[Outcome], meaning: Together) -> Result<Option<Predictions>> {
    let mut all: Vec<Predictions> = Vec::with_capacity(folds.len());
    for fold in folds {
        if fold.test.is_none() {
            return Ok(None);
        }
        all.push(Predictions::read_jsonl(fold.run.predictions())?);
    }
    let Some(first) = all.first() else {
        return Ok(None);
    };
    let labels = first.labels().to_vec();
    let chunks: Vec<Prediction> = match meaning {
        Together::OutOfFold => all.iter().flat_map(|fold| fold.chunks().to_vec()).collect(),
        Together::Ensemble => mean(&all),
    };
    Predictions::new(labels, chunks).map(Some)
}

/// The mean of the probabilities that several models give the same chunks.
fn mean(all: &[Predictions]) -> Vec<Prediction> {
    // The chunks of a track come in their order from every model.
    let mut sums: BTreeMap<(String, usize), (usize, Vec<f64>)> = BTreeMap::new();
    for predictions in all {
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for chunk in predictions.chunks() {
            let number = next.entry(&chunk.track).or_default();
            let place = (chunk.track.clone(), *number);
            *number += 1;
            let zeros = || (chunk.truth, vec![0.0; chunk.probabilities.len()]);
            let (_, sum) = sums.entry(place).or_insert_with(zeros);
            for (sum, p) in sum.iter_mut().zip(&chunk.probabilities) {
                *sum += f64::from(*p);
            }
        }
    }
    let models = all.len() as f64;
    let prediction =
        |((track, _), (truth, sum)): ((String, usize), (usize, Vec<f64>))| Prediction {
            track,
            truth,
            probabilities: sum.into_iter().map(|sum| (sum / models) as f32).collect(),
        };
    sums.into_iter().map(prediction).collect()
}
