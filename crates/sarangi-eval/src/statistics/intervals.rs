//! The confidence intervals of an evaluation.

use std::collections::BTreeMap;

use sarangi_core::Result;
use serde::{Deserialize, Serialize};

use super::{Bootstrap, Interval};
use crate::{ClassScore, Pooling, Predictions};

/// Confidence intervals at both levels, by drawing tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// How they were drawn.
    pub bootstrap: Bootstrap,
    /// Of the numbers about chunks; each track is drawn with all its chunks.
    pub chunk: LevelIntervals,
    /// Of the numbers about tracks.
    pub track: LevelIntervals,
}

/// The confidence intervals of the numbers at one level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelIntervals {
    /// Of the accuracy.
    pub accuracy: Interval,
    /// Of the balanced accuracy; over the classes that are in a draw.
    pub balanced_accuracy: Interval,
    /// Of the macro average of F1.
    pub macro_f1: Interval,
}

impl Intervals {
    /// The intervals of predictions for chunks; `None` with a single track, which cannot show how much
    /// tracks differ.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if a field of the bootstrap is out of its range.
    pub fn of(
        predictions: &Predictions,
        pooling: Pooling,
        bootstrap: Bootstrap,
    ) -> Result<Option<Self>> {
        bootstrap.check(predictions.chunks().len())?;
        Ok(Self::draw(predictions, pooling, bootstrap))
    }

    /// The same for a bootstrap that is known to be sound.
    pub(crate) fn draw(
        predictions: &Predictions,
        pooling: Pooling,
        bootstrap: Bootstrap,
    ) -> Option<Self> {
        let classes = predictions.labels().len();
        let tracks = tallies(predictions, pooling);
        if tracks.len() < 2 {
            return None;
        }
        let drawn = bootstrap.intervals(tracks.len(), |drawn| {
            let mut levels = [Margins::new(classes), Margins::new(classes)];
            for &index in drawn {
                tracks[index].add_to(&mut levels);
            }
            let [c, t] = levels.map(|margins| margins.statistics());
            [c[0], c[1], c[2], t[0], t[1], t[2]]
        });
        let level = |of: &[Option<Interval>]| {
            Some(LevelIntervals {
                accuracy: of[0]?,
                balanced_accuracy: of[1]?,
                macro_f1: of[2]?,
            })
        };
        Some(Self {
            bootstrap,
            chunk: level(&drawn[..3])?,
            track: level(&drawn[3..])?,
        })
    }
}

/// What one track adds to both levels.
struct Tally {
    truth: usize,
    /// How many chunks are said to be of which class.
    chunks: Vec<(usize, u64)>,
    /// What the whole track is said to be.
    track: usize,
}

impl Tally {
    fn add_to(&self, [chunk, track]: &mut [Margins; 2]) {
        for &(class, count) in &self.chunks {
            chunk.add(self.truth, class, count);
        }
        track.add(self.truth, self.track, 1);
    }
}

/// In the order of the tracks' names.
fn tallies(predictions: &Predictions, pooling: Pooling) -> Vec<Tally> {
    let mut chunks: BTreeMap<&str, BTreeMap<usize, u64>> = BTreeMap::new();
    for chunk in predictions.chunks() {
        let of_track = chunks.entry(&chunk.track).or_default();
        *of_track.entry(chunk.class()).or_default() += 1;
    }
    let pooled = predictions.pool(pooling);
    let tally = |(track, chunks): (&crate::Prediction, BTreeMap<usize, u64>)| Tally {
        truth: track.truth,
        chunks: chunks.into_iter().collect(),
        track: track.class(),
    };
    pooled
        .chunks()
        .iter()
        .zip(chunks.into_values())
        .map(tally)
        .collect()
}

/// What accuracy, balanced accuracy and F1 need of a confusion matrix.
struct Margins {
    /// Of each class: how many are right, how many there are, how many are said to be of it.
    classes: Vec<[u64; 3]>,
}

impl Margins {
    fn new(classes: usize) -> Self {
        Self {
            classes: vec![[0; 3]; classes],
        }
    }

    fn add(&mut self, truth: usize, class: usize, count: u64) {
        self.classes[truth][0] += if class == truth { count } else { 0 };
        self.classes[truth][1] += count;
        self.classes[class][2] += count;
    }

    /// Accuracy, balanced accuracy, macro F1, by the same formulas as a confusion matrix's.
    fn statistics(&self) -> [f64; 3] {
        let score = |&[hits, support, predicted]: &[u64; 3]| {
            ClassScore::from_counts(hits, support, predicted)
        };
        let scores: Vec<ClassScore> = self.classes.iter().map(score).collect();
        let present = |score: &ClassScore| f64::from(u8::from(score.support > 0));
        let [hits, all] = [0, 1].map(|of| self.classes.iter().map(|class| class[of]).sum::<u64>());
        [
            hits as f64 / all as f64,
            ClassScore::average(&scores, present).recall,
            ClassScore::average(&scores, |_| 1.0).f1,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Prediction, Scores};

    #[test]
    fn every_track_once_gives_the_scores_themselves() {
        let chunk = |i: usize| Prediction {
            track: format!("{}", i % 7),
            truth: i % 7 % 3,
            probabilities: [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.3, 0.5]][i * i % 11 % 3]
                .into(),
        };
        let labels = ["x", "y", "z"].map(String::from).into();
        let predictions = Predictions::new(labels, (0..40).map(chunk).collect()).unwrap();
        let mut levels = [Margins::new(3), Margins::new(3)];
        let tallies = tallies(&predictions, Pooling::Vote);
        tallies.iter().for_each(|tally| tally.add_to(&mut levels));
        let pooled = predictions.pool(Pooling::Vote);
        for (margins, predictions) in levels.iter().zip([&predictions, &pooled]) {
            let scores = Scores::of(predictions);
            let want = [
                scores.accuracy,
                scores.balanced_accuracy,
                scores.macro_average.f1,
            ];
            assert_eq!(margins.statistics(), want);
        }
    }
}
