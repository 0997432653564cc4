//! Where a run stands, so that it can go on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::training::Learner;
use crate::{EpochRecord, GradScaler, Recipe, tensor_file};

const ENTRY: &str = "sarangi.state";
const WEIGHT: &str = "weight.";
const MOMENT: &str = "moment.";
const AVERAGE: &str = "average.";

/// What `state.safetensors` says beside the tensors. No generator is in it: what is drawn depends
/// on the seed, the epoch and the place alone; and no schedule, since it follows from the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    recipe: Recipe,
    split_digest: String,
    steps: u64,
    /// The steps of parameters that were frozen at first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fewer_steps: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scaler: Option<GradScaler>,
    history: Vec<EpochRecord>,
}

/// A state that was read.
pub(crate) struct Saved {
    path: PathBuf,
    state: State,
    tensors: BTreeMap<String, Tensor>,
}

impl State {
    pub(crate) fn of(
        recipe: &Recipe,
        split_digest: &str,
        history: &[EpochRecord],
        learner: &Learner,
    ) -> Self {
        Self {
            recipe: recipe.clone(),
            split_digest: split_digest.to_owned(),
            steps: learner.optimiser.steps(),
            fewer_steps: learner.optimiser.fewer_steps(),
            scaler: learner.scaler,
            history: history.to_vec(),
        }
    }

    /// Writes it together with the weights, their average and the optimiser's memory, in one file, so
    /// that they can never be of different epochs.
    pub(crate) fn write(&self, path: &Path, learner: &Learner) -> Result<()> {
        let mut tensors = BTreeMap::new();
        let mut add = |prefix: &str, named: BTreeMap<String, Tensor>| {
            let prefixed = named
                .into_iter()
                .map(|(name, t)| (prefix.to_owned() + &name, t));
            tensors.extend(prefixed);
        };
        add(WEIGHT, learner.params.snapshot()?);
        add(MOMENT, learner.optimiser.memory());
        if let Some(average) = &learner.average {
            add(AVERAGE, average.params.snapshot()?);
        }
        let json = serde_json::to_string(self)
            .map_err(|e| Error::checkpoint(path, format!("cannot write the state: {e}")))?;
        tensor_file::write(path, &tensors, (ENTRY, &json))
    }

    /// Reads it from the content of its file. The recipe and the split must be those of the run, or it would not be the same run;
    /// only the number of epochs may differ, if the schedule does not depend on it.
    pub(crate) fn parse(
        path: &Path,
        bytes: &[u8],
        recipe: &Recipe,
        split_digest: &str,
    ) -> Result<Saved> {
        let (tensors, json) = tensor_file::parse(path, bytes, ENTRY)?;
        let fail = |reason: &str| Error::checkpoint(path, reason);
        let state: Self = serde_json::from_str(&json)
            .map_err(|e| fail(&format!("its state cannot be read: {e}")))?;
        let mut same = state.recipe.clone();
        let was = std::mem::replace(&mut same.training.epochs, recipe.training.epochs);
        if same != *recipe {
            return Err(fail(
                "belongs to a run of another recipe; only `training.epochs` may differ",
            ));
        }
        if was != recipe.training.epochs && recipe.training.schedule.spans_the_run() {
            return Err(fail(&format!(
                "belongs to a run of {was} epochs, over all of which its schedule spreads: \
                 `training.epochs` cannot change"
            )));
        }
        if state.split_digest != split_digest {
            return Err(fail(
                "belongs to a run on other data: its files or their split have changed",
            ));
        }
        Ok(Saved {
            path: path.to_owned(),
            state,
            tensors,
        })
    }
}

impl Saved {
    /// How many epochs are done.
    pub(crate) fn epochs(&self) -> usize {
        self.state.history.len()
    }

    /// Sets everything that training moves as it was, and gives the epochs until then.
    pub(crate) fn restore(
        self,
        recipe: &Recipe,
        learner: &mut Learner,
    ) -> Result<Vec<EpochRecord>> {
        let fitting = |e: Error| Error::checkpoint(&self.path, e.to_string());
        let part = |prefix: &str, name_of: &dyn Fn(&str) -> String| -> BTreeMap<String, Tensor> {
            let named = self.tensors.iter();
            named
                .filter_map(|(name, t)| Some((name_of(name.strip_prefix(prefix)?), t.clone())))
                .collect()
        };
        let weight = |name: &str| recipe.model.current_name(name).into_owned();
        let moment = |name: &str| match name.split_once('.') {
            Some((kind, name)) => format!("{kind}.{}", weight(name)),
            None => name.to_owned(),
        };
        let weights = part(WEIGHT, &weight);
        learner.params.load(&weights).map_err(fitting)?;
        let (steps, fewer) = (self.state.steps, &self.state.fewer_steps);
        learner
            .optimiser
            .restore(&part(MOMENT, &moment), steps, fewer)
            .map_err(fitting)?;
        if let Some(average) = &learner.average {
            let weights = part(AVERAGE, &weight);
            average.params.load(&weights).map_err(fitting)?;
        }
        learner.scaler = self.state.scaler.or(learner.scaler);
        Ok(self.state.history)
    }
}
