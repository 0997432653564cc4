//! The training run: epoch after epoch, saved after each.

use candle_core::Device;
use ndarray::Ix2;
use sarangi_augment::Policy;
use sarangi_core::{Dataset, Error, IntoTensor, Result, Seed, Spec, TensorExt};
use sarangi_data::{
    Augmented, BatchAugment, BatchSpec, Chunks, Corpus, Example, FeatureCache, FrontEnd,
    Normalisation, Part, Split, SplitSpec, for_each_batch, shuffled,
};
use sarangi_eval::{EpochPoint, Evaluation, Predictions, arg_max, plot_curves};
use sarangi_models::ModelContext;
use sarangi_nn::{CrossEntropy, Mode, Model, Params, Targets, Value, cross_entropy};

use crate::state::State;
use crate::{
    Adam, EpochRecord, Event, ModelCard, ModelFile, Observer, Outcome, Recipe, Run, TrainOptions,
    score,
};

/// The data of one run.
pub(crate) struct Data<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) cache: &'a FeatureCache,
    pub(crate) split: &'a Split,
    pub(crate) split_spec: SplitSpec,
    pub(crate) front_end: &'a FrontEnd,
    pub(crate) policy: Option<Policy>,
}

/// What one run works with.
pub(crate) struct Training<'a> {
    recipe: &'a Recipe,
    options: &'a TrainOptions,
    device: &'a Device,
    data: Data<'a>,
    digest: String,
    normalisation: Normalisation,
    params: Params,
    network: Box<dyn Model>,
}

impl<'a> Data<'a> {
    fn part(&self, part: Part) -> Chunks<'a> {
        Chunks::new(
            self.corpus,
            self.cache,
            self.split.part(part),
            self.front_end.shape(),
        )
    }
}

impl<'a> Training<'a> {
    pub(crate) fn new(
        recipe: &'a Recipe,
        options: &'a TrainOptions,
        device: &'a Device,
        data: Data<'a>,
    ) -> Result<Self> {
        let params = Params::new(recipe.seed.child("weights"), device);
        let (in_channels, classes) = (data.front_end.shape()[0], data.corpus.labels.len());
        let network = recipe.model.build(ModelContext {
            params: &params,
            in_channels,
            classes,
        })?;
        let digest = data.split.digest(data.corpus);
        let normalisation = recipe.normalise.fit(&data.part(Part::Train))?;
        Ok(Self {
            recipe,
            options,
            device,
            data,
            digest,
            normalisation,
            params,
            network,
        })
    }

    pub(crate) fn run(&self, run: &Run, observer: &dyn Observer) -> Result<Outcome> {
        let parameters = self.params.trainable_count();
        observer.observe(Event::Prepared {
            corpus: self.data.corpus,
            split: self.data.split,
            parameters,
        });
        let leaking = self.data.split.leaking_tracks();
        if leaking > 0 {
            observer.observe(Event::Warning(format!(
                "this split leaks: {leaking} track(s) have chunks in training and in what judges \
                 it; the numbers are too good"
            )));
        }
        let mut adam = Adam::new(&self.recipe.training.optimiser, &self.params)?;
        let mut history = Vec::new();
        if self.options.resume {
            let (digest, params) = (&self.digest, &self.params);
            let state = State::resume(&run.state(), self.recipe, digest, params, &mut adam)?;
            history = state.history;
            self.adopt(run)?;
        }
        run.write_text(&run.recipe(), &self.recipe.to_toml()?)?;
        let last = self.recipe.training.epochs;
        for epoch in history.len() + 1..=last {
            let mut record = self.epoch(epoch, &mut adam, observer)?;
            let valid = self.evaluate(Part::Valid, self.network.as_ref())?;
            if let Some((loss, predictions)) = &valid {
                record.valid_loss = Some(*loss);
                record.valid_accuracy = Some(self.evaluation(predictions).chunk.accuracy);
            }
            let best = history
                .iter()
                .map(EpochRecord::decisive_loss)
                .fold(f64::INFINITY, f64::min);
            record.best = record.decisive_loss() < best;
            let validation = valid.map(|(_, predictions)| self.evaluation(&predictions));
            self.save(run, record, validation, &mut history, &adam)?;
            if let Some(record) = history.last() {
                observer.observe(Event::Epoch { record, last });
            }
        }
        self.finish(run, history)
    }

    /// Gives the best model so far the recipe of this run: its number of epochs may have changed.
    fn adopt(&self, run: &Run) -> Result<()> {
        let mut best = ModelFile::read(run.model())?;
        if best.card.recipe != *self.recipe {
            best.card.recipe = self.recipe.clone();
            best.write(run.model())?;
        }
        Ok(())
    }

    /// One pass over the training chunks.
    fn epoch(&self, epoch: usize, adam: &mut Adam, observer: &dyn Observer) -> Result<EpochRecord> {
        let train = self.data.part(Part::Train);
        match (&self.data.policy, self.data.front_end) {
            (None, _) | (_, FrontEnd::Picture(_)) => self.pass(epoch, &train, adam, observer),
            (Some(policy), FrontEnd::Sound(front_end)) => {
                let seed = self.recipe.seed.child("augment");
                let train = Augmented::new(train, front_end, policy, seed, epoch as u64);
                self.pass(epoch, &train, adam, observer)
            }
        }
    }

    fn pass(
        &self,
        epoch: usize,
        train: &impl Dataset<Item = Example>,
        adam: &mut Adam,
        observer: &dyn Observer,
    ) -> Result<EpochRecord> {
        let Recipe { seed, training, .. } = self.recipe;
        let lr = training.schedule.lr(epoch, training.optimiser.lr());
        let place = epoch as u64;
        let order = shuffled(train.len(), &mut seed.child("order").rng(place, 0));
        let dropout: Seed = seed.child("dropout");
        let normalisation = &self.normalisation;
        let spec = BatchSpec {
            size: training.batch_size,
            normalisation,
            augment: self.data.policy.as_ref().map(|policy| BatchAugment {
                policy,
                classes: self.data.corpus.labels.len(),
                seed: seed.child("augment"),
                epoch: place,
            }),
            ahead: 2,
        };
        let total = order.len().div_ceil(training.batch_size);
        let (mut done, mut seen, mut loss_sum, mut right) = (0, 0usize, 0.0f64, 0usize);
        for_each_batch(train, &order, spec, |batch| {
            let count = batch.labels.len();
            done += 1;
            // What is left for the last batch may be one chunk, which has no statistics to
            // normalise by; in the next epoch it is another.
            if count == 1 && total > 1 {
                return Ok(());
            }
            let main_labels = batch.main_labels();
            let xs = Value::tracked(&batch.features.into_tensor(self.device)?)?;
            let mut rng = dropout.rng(place, done as u64);
            let logits = self.network.forward(&xs, Mode::Train(&mut rng))?;
            let mixed = batch.probabilities.as_ref();
            let mixed: Option<Vec<f32>> = mixed.map(|shares| shares.iter().copied().collect());
            let targets = match &mixed {
                Some(shares) => Targets::Probabilities(shares),
                None => Targets::Classes(&batch.labels),
            };
            let loss = cross_entropy(&logits, targets, &CrossEntropy::default())?;
            let value = f64::from(loss.scalar()?);
            if !value.is_finite() {
                let reason = format!(
                    "the loss became {value} in epoch {epoch}; lower `training.optimiser.lr`"
                );
                return Err(Error::data(&self.options.data, reason));
            }
            adam.step(&loss.backward()?, lr)?;
            loss_sum += value * count as f64;
            right += hits(&logits, &main_labels)?;
            seen += count;
            let loss = loss_sum / seen as f64;
            observer.observe(Event::Step {
                epoch,
                done,
                total,
                loss,
            });
            Ok(())
        })?;
        let seen = seen.max(1) as f64;
        Ok(EpochRecord {
            epoch,
            lr,
            train_loss: loss_sum / seen,
            train_accuracy: right as f64 / seen,
            valid_loss: None,
            valid_accuracy: None,
            best: false,
        })
    }

    /// The loss and the predictions on a part of the data, if it has any chunks.
    fn evaluate(&self, part: Part, network: &dyn Model) -> Result<Option<(f64, Predictions)>> {
        let chunks = self.data.part(part);
        if chunks.is_empty() {
            return Ok(None);
        }
        score(
            network,
            self.device,
            self.data.corpus,
            &chunks,
            &self.normalisation,
        )
        .map(Some)
    }

    fn evaluation(&self, predictions: &Predictions) -> Evaluation {
        Evaluation::of(predictions, self.recipe.prediction.pooling)
    }

    /// Writes the epoch's files. The state comes last: a run that is killed in between repeats the
    /// epoch and writes the same bytes again.
    fn save(
        &self,
        run: &Run,
        record: EpochRecord,
        validation: Option<Evaluation>,
        history: &mut Vec<EpochRecord>,
        adam: &Adam,
    ) -> Result<()> {
        let card = ModelCard {
            version: ModelCard::VERSION,
            recipe: self.recipe.clone(),
            labels: self.data.corpus.labels.clone(),
            normalisation: self.normalisation.clone(),
            input: self.data.front_end.shape(),
            parameters: self.params.trainable_count(),
            split: self.data.split_spec.clone(),
            split_digest: self.digest.clone(),
            leaking_tracks: self.data.split.leaking_tracks(),
            epoch: record.epoch,
            validation,
            licence: self.options.licence.clone(),
        };
        let model = ModelFile {
            card,
            weights: self.params.snapshot()?,
        };
        if record.best {
            model.write(run.model())?;
        }
        model.write(run.last())?;
        history.push(record);
        let mut lines = String::new();
        for record in history.iter() {
            let line = serde_json::to_string(record)
                .map_err(|e| Error::data(run.history(), e.to_string()))?;
            lines.push_str(&line);
            lines.push('\n');
        }
        run.write_text(&run.history(), &lines)?;
        let state = State {
            recipe: self.recipe.clone(),
            split_digest: self.digest.clone(),
            steps: adam.steps(),
            history: history.clone(),
        };
        state.write(&run.state(), &self.params, adam)
    }

    /// Tests the best model and draws the plots.
    fn finish(&self, run: &Run, history: Vec<EpochRecord>) -> Result<Outcome> {
        let points: Vec<EpochPoint> = history.iter().map(EpochRecord::point).collect();
        plot_curves(&points, run.plot("curves"))?;
        let best = ModelFile::read(run.model())?.network(self.device)?;
        let test = self.evaluate(Part::Test, best.as_ref())?;
        let test = test.map(|(_, predictions)| self.evaluation(&predictions));
        if let Some(evaluation) = &test {
            run.write_evaluation(evaluation, ["Test chunks", "Test tracks"])?;
        }
        Ok(Outcome {
            run: run.clone(),
            history,
            test,
        })
    }
}

/// How many rows have their largest logit at the label.
fn hits(logits: &Value, labels: &[u32]) -> Result<usize> {
    logits.tensor()?.with_array::<Ix2, _>(|rows| {
        let rows = rows.outer_iter().zip(labels);
        rows.filter(|(row, label)| arg_max(&row.to_vec()) == **label as usize)
            .count()
    })
}
