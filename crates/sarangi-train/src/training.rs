//! The training run: epoch after epoch, saved after each.

mod agreement;
mod data;
mod epoch;
mod finishing;
mod page;
mod run;
mod saving;
mod step;

use std::sync::Arc;

use candle_core::Device;
use sarangi_core::{Dataset, Error, Result};
use sarangi_data::{Normalisation, Part};
use sarangi_eval::{Evaluation, Predictions};
use sarangi_models::ModelContext;
use sarangi_nn::{Exchange, Model, Params};

use crate::average::Average;
use crate::loss::Objective;
use crate::score::score_among;
use crate::{GradScaler, Optimiser, Recipe, TrainOptions};
pub(crate) use data::Data;

/// What one run works with and never changes.
pub(crate) struct Training<'a> {
    recipe: &'a Recipe,
    options: &'a TrainOptions,
    device: &'a Device,
    data: Data<'a>,
    digest: String,
    normalisation: Normalisation,
    objective: Objective,
}

/// What training moves.
pub(crate) struct Learner {
    pub(crate) params: Params,
    pub(crate) network: Box<dyn Model>,
    pub(crate) optimiser: Optimiser,
    pub(crate) scaler: Option<GradScaler>,
    pub(crate) average: Option<Average>,
    /// With whom gradients are summed, if with anybody.
    pub(crate) exchange: Option<Exchange>,
}

impl Learner {
    /// The network that is evaluated and saved as the model.
    fn model(&self) -> (&Params, &dyn Model) {
        match &self.average {
            Some(average) => (&average.params, average.network.as_ref()),
            None => (&self.params, self.network.as_ref()),
        }
    }
}

impl<'a> Training<'a> {
    pub(crate) fn new(
        recipe: &'a Recipe,
        options: &'a TrainOptions,
        device: &'a Device,
        data: Data<'a>,
    ) -> Result<Self> {
        let training = &recipe.training;
        if options.ranks.size() > 1 && training.sync_batch_norm && !device.is_cpu() {
            let reason = "is for the CPU so far; set it to false, or take --device cpu";
            return Err(Error::config("training", "sync_batch_norm", reason));
        }
        let validates = !data.split.part(Part::Valid).is_empty();
        training.check_monitors(validates)?;
        let labels = &data.corpus.labels;
        let class_weights = training
            .class_weights
            .weights(labels, &data.train_counts())?;
        Ok(Self {
            digest: data.split.digest(data.corpus),
            normalisation: agreement::normalisation(recipe, options.ranks.as_ref(), &data)?,
            objective: Objective::new(training.loss.clone(), class_weights),
            recipe,
            options,
            device,
            data,
        })
    }

    /// The network as it is before the first step. `epoch` is the one that it is to be trained in
    /// next: it decides what is frozen.
    fn learner(&self, epoch: usize, init: bool) -> Result<Learner> {
        let Recipe { seed, training, .. } = self.recipe;
        let params = Params::new(seed.child("weights"), self.device);
        let network = self.network(&training.thaw().place(&params, epoch))?;
        if let Some(init) = training.init.as_ref().filter(|_| init) {
            init.load(&params)?;
        }
        let average = training
            .ema
            .map(|spec| Average::new(spec, &params, self.device, |place| self.network(place)));
        let ranks = &self.options.ranks;
        let exchange =
            (ranks.size() > 1).then(|| Exchange::new(Arc::clone(ranks), Exchange::BUCKET_BYTES));
        Ok(Learner {
            exchange,
            optimiser: Optimiser::with_rules(&training.optimiser, training.rules(), &params)?,
            scaler: training.new_scaler(),
            average: average.transpose()?,
            network,
            params,
        })
    }

    fn network(&self, params: &Params) -> Result<Box<dyn Model>> {
        let cx = ModelContext {
            params,
            in_channels: self.data.front_end.shape()[0],
            classes: self.data.corpus.labels.len(),
        };
        let precision = self.recipe.training.precision;
        self.recipe.network(cx, precision.dtype())
    }

    /// The loss and the predictions on a part of the data, if it has any chunks.
    fn evaluate(&self, part: Part, network: &dyn Model) -> Result<Option<(f64, Predictions)>> {
        let chunks = self.data.part(part);
        if chunks.is_empty() {
            return Ok(None);
        }
        score_among(
            self.options.ranks.as_ref(),
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
}
