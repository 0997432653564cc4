//! One pass over the training chunks.

use sarangi_core::{Dataset, Error, IntoTensor, Result};
use sarangi_data::{
    Augmented, Batch, BatchAugment, BatchSpec, Example, FrontEnd, Part, for_each_batch,
};
use sarangi_nn::{Mode, Value};

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
        let alone = total > 1 && order.len() % training.batch_size == 1;
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
        for_each_batch(train, order, spec, |batch| {
            let count = batch.labels.len();
            done += 1;
            if done > batches {
                return Ok(());
            }
            let main_labels = batch.main_labels();
            let mut rng = dropout.rng(place, done as u64);
            let answer = self.batch(batch, Mode::Train(&mut rng), learner, &mut stepper)?;
            let Answer { loss, logits } = answer;
            // A scaler leaves such steps out; that there is no other kind is found out below.
            if loss.is_finite() {
                seen.loss += loss * count as f64;
                seen.right += hits(&logits, &main_labels)?;
                seen.chunks += count;
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

    /// Forwards, backwards, and a step if this batch completes one.
    fn batch(
        &self,
        batch: Batch,
        mode: Mode<'_>,
        learner: &mut Learner,
        stepper: &mut Stepper<'_>,
    ) -> Result<Answer> {
        let mixed = batch.probabilities.as_ref();
        let mixed: Option<Vec<f32>> = mixed.map(|shares| shares.iter().copied().collect());
        let precision = self.recipe.training.precision.dtype();
        let xs = Value::tracked(&batch.features.into_tensor(self.device)?)?;
        let xs = xs.to_dtype(precision)?;
        let logits = learner.network.forward(&xs, mode)?;
        let (labels, shares) = (&batch.labels, mixed.as_deref());
        let loss = self.objective.loss(&logits, labels, shares)?;
        let value = f64::from(loss.scalar()?);
        if value.is_finite() || learner.scaler.is_some() {
            stepper.take(&loss, self.objective.share(labels, shares), learner)?;
        }
        Ok(Answer {
            loss: value,
            logits,
        })
    }

    fn lost(&self, what: &str) -> Error {
        let reason = format!("{what}; lower `training.optimiser.lr`");
        Error::data(&self.options.data, reason)
    }
}
