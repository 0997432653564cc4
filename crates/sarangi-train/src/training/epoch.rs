//! One pass over the training chunks.

use std::sync::Arc;

use sarangi_core::{Dataset, Error, IntoTensor, Result, Rng};
use sarangi_data::{
    Augmented, Batch, BatchAugment, BatchSpec, Example, FrontEnd, Part, for_each_share,
};
use sarangi_nn::{Mode, Share, Value};

use super::agreement::BatchSums;
use super::step::{Answer, Stepper, hits};
use super::{Learner, Training};
use crate::schedule::Standing;
use crate::{EpochRecord, Event, Observer, Recipe};

/// What has been seen of an epoch.
#[derive(Default)]
struct Seen {
    chunks: usize,
    right: usize,
    /// The sum of the chunks' losses.
    loss: f64,
}

impl Seen {
    fn mean_loss(&self) -> f64 {
        self.loss / self.chunks.max(1) as f64
    }

    fn accuracy(&self) -> f64 {
        self.right as f64 / self.chunks.max(1) as f64
    }
}

impl Training<'_> {
    pub(super) fn epoch(
        &self,
        epoch: usize,
        history: &[EpochRecord],
        learner: &mut Learner,
        observer: &dyn Observer,
    ) -> Result<EpochRecord> {
        let train = self.data.part(Part::Train);
        match (&self.data.policy, self.data.front_end) {
            (None, _) | (_, FrontEnd::Picture(_)) => {
                let order = self.order(epoch, &train.labels());
                self.pass(epoch, history, &train, &order, learner, observer)
            }
            (Some(policy), FrontEnd::Sound(front_end)) => {
                let seed = self.recipe.seed.child("augment");
                let train = Augmented::new(train, front_end, policy, seed, epoch as u64);
                let order = self.order(epoch, &train.labels());
                self.pass(epoch, history, &train, &order, learner, observer)
            }
        }
    }

    /// Which examples of these classes an epoch sees, and in which order.
    fn order(&self, epoch: usize, labels: &[usize]) -> Vec<usize> {
        let rng = &mut self.recipe.seed.child("order").rng(epoch as u64, 0);
        self.recipe.training.sampler.order(labels, rng)
    }

    fn pass(
        &self,
        epoch: usize,
        history: &[EpochRecord],
        train: &impl Dataset<Item = Example>,
        order: &[usize],
        learner: &mut Learner,
        observer: &dyn Observer,
    ) -> Result<EpochRecord> {
        let Recipe { seed, training, .. } = self.recipe;
        let place = epoch as u64;
        let dropout = seed.child("dropout");
        let spec = BatchSpec {
            size: training.batch_size,
            normalisation: &self.normalisation,
            augment: self.data.policy.as_ref().map(|policy| BatchAugment {
                policy,
                classes: self.data.corpus.labels.len(),
                seed: seed.child("augment"),
                epoch: place,
            }),
            ahead: 2,
        };
        let total = order.len().div_ceil(training.batch_size);
        // What is left for the last batch may be one chunk, which has no statistics to normalise by;
        // in the next epoch it is another.
        let ranks = self.options.ranks.as_ref();
        let least = match training.sync_batch_norm {
            true => 2,
            false => 2 * ranks.size(),
        };
        let last = order.len() % training.batch_size;
        let alone = total > 1 && (1..least).contains(&last);
        let batches = total - usize::from(alone);
        let standing = Standing {
            epoch,
            epochs: training.epochs,
            steps: batches.div_ceil(training.accumulate),
            history,
        };
        let rates = training.schedule.rates(training.optimiser.lr(), &standing);
        let mut stepper = Stepper::new(training, &rates, batches);
        let (mut done, mut seen) = (0, Seen::default());
        for_each_share(train, order, spec, ranks.shard(), |batch| {
            done += 1;
            if done > batches {
                return Ok(());
            }
            let mut rng = dropout.rng(place, done as u64);
            let answer = self.batch(batch, &mut rng, learner, &mut stepper)?;
            let Answer {
                loss,
                right,
                chunks,
            } = answer;
            // A scaler leaves such steps out; that there is no other kind is found out below.
            if loss.is_finite() {
                seen.loss += loss * chunks as f64;
                seen.right += right;
                seen.chunks += chunks;
            } else if learner.scaler.is_none() {
                return Err(self.lost(&format!("the loss became {loss} in epoch {epoch}")));
            }
            observer.observe(Event::Step {
                epoch,
                done,
                total,
                loss: seen.mean_loss(),
                accuracy: seen.accuracy(),
                chunks: seen.chunks,
            });
            Ok(())
        })?;
        let skipped = stepper.skipped();
        // A scale below 1 overflows nothing that would not be infinite by itself.
        let hopeless = learner.scaler.is_some_and(|scaler| scaler.scale() < 1.0);
        if hopeless && skipped == standing.steps {
            return Err(self.lost(&format!("no step of epoch {epoch} had finite gradients")));
        }
        Ok(EpochRecord {
            epoch,
            lr: rates.at(0).lr,
            lr_end: Some(rates.at(standing.steps.saturating_sub(1)).lr),
            train_loss: seen.mean_loss(),
            train_accuracy: seen.accuracy(),
            skipped_steps: learner.scaler.map(|_| skipped),
            ..EpochRecord::default()
        })
    }

    /// Forwards, backwards, and a step if this batch completes one; of a batch that ranks share, this
    /// rank's part.
    fn batch(
        &self,
        batch: Batch,
        rng: &mut Rng,
        learner: &mut Learner,
        stepper: &mut Stepper<'_>,
    ) -> Result<Answer> {
        let ranks = &self.options.ranks;
        let main_labels = batch.main_labels();
        let mixed = batch.probabilities.as_ref();
        let mut mixed: Option<Vec<f32>> = mixed.map(|shares| shares.iter().copied().collect());
        let precision = self.recipe.training.precision.dtype();
        let xs = Value::tracked(&batch.features.into_tensor(self.device)?)?;
        let xs = match self.recipe.on_device {
            // Waveforms have more digits than half precision; what is made of them follows.
            Some(_) => xs,
            None => xs.to_dtype(precision)?,
        };
        let (labels, place) = (&batch.labels, batch.place);
        let share = self.objective.share(labels, mixed.as_deref());
        if ranks.size() == 1 {
            let logits = learner.network.forward(&xs, Mode::Train(rng))?;
            let loss = self.objective.loss(&logits, labels, mixed.as_deref())?;
            let value = f64::from(loss.scalar()?);
            if value.is_finite() || learner.scaler.is_some() {
                stepper.take(&loss, share, learner)?;
            }
            return Ok(Answer {
                loss: value,
                right: hits(&logits, &main_labels)?,
                chunks: labels.len(),
            });
        }
        let mut part = Share::new(place.first, labels.len());
        if place.stands_in {
            part = part.standing_in();
        }
        if self.recipe.training.sync_batch_norm {
            part = part.with_statistics_of(Arc::clone(ranks));
        }
        let logits = learner.network.forward(&xs, Mode::TrainShare(rng, &part))?;
        if share == 0.0 && mixed.is_none() {
            // A weighted mean over nothing would be no number, even times 0.
            mixed = Some(one_hot(labels, self.data.corpus.labels.len()));
        }
        let loss = self.objective.loss(&logits, labels, mixed.as_deref())?;
        let value = f64::from(loss.scalar()?);
        let all = match place.stands_in {
            true => BatchSums::of(ranks.as_ref(), 0.0, 0.0, [0, 0])?,
            false => {
                let counts = [hits(&logits, &main_labels)?, labels.len()];
                BatchSums::of(ranks.as_ref(), share, value, counts)?
            }
        };
        if all.loss.is_finite() || learner.scaler.is_some() {
            stepper.take_part(&loss, all, learner)?;
        }
        Ok(Answer {
            loss: all.loss,
            right: all.right,
            chunks: all.chunks,
        })
    }

    fn lost(&self, what: &str) -> Error {
        let reason = format!("{what}; lower `training.optimiser.lr`");
        Error::data(&self.options.data, reason)
    }
}

/// The classes as shares of all classes, in rows.
fn one_hot(labels: &[u32], classes: usize) -> Vec<f32> {
    let mut shares = vec![0.0; labels.len() * classes];
    for (row, &label) in shares.chunks_exact_mut(classes.max(1)).zip(labels) {
        if let Some(share) = row.get_mut(label as usize) {
            *share = 1.0;
        }
    }
    shares
}
