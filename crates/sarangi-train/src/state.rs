//! Where a run stands, so that it can go on.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Tensor;
use sarangi_core::{Error, Result};
use sarangi_nn::Params;
use serde::{Deserialize, Serialize};

use crate::{Adam, EpochRecord, Recipe, tensor_file};

const ENTRY: &str = "sarangi.state";
const WEIGHT: &str = "weight.";
const MOMENT: &str = "moment.";

/// What `state.safetensors` says beside the tensors. No generator is in it: what is drawn depends
/// on the seed, the epoch and the place alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) recipe: Recipe,
    pub(crate) split_digest: String,
    pub(crate) steps: u64,
    pub(crate) history: Vec<EpochRecord>,
}

impl State {
    /// Writes it together with the weights and the optimiser's moments, in one file, so that they
    /// can never be of different epochs.
    pub(crate) fn write(&self, path: &Path, params: &Params, adam: &Adam) -> Result<()> {
        let weights = params
            .snapshot()?
            .into_iter()
            .map(|(name, t)| (WEIGHT.to_owned() + &name, t));
        let moments = adam
            .moments()
            .into_iter()
            .map(|(name, t)| (MOMENT.to_owned() + &name, t));
        let json = serde_json::to_string(self)
            .map_err(|e| Error::checkpoint(path, format!("cannot write the state: {e}")))?;
        tensor_file::write(path, &weights.chain(moments).collect(), (ENTRY, &json))
    }

    /// Reads it and sets the weights and the moments. The recipe and the split must be those of
    /// the run, or it would not be the same run; only the number of epochs may differ.
    pub(crate) fn resume(
        path: &Path,
        recipe: &Recipe,
        split_digest: &str,
        params: &Params,
        adam: &mut Adam,
    ) -> Result<Self> {
        let (tensors, json) = tensor_file::read(path, ENTRY)?;
        let fail = |reason: &str| Error::checkpoint(path, reason);
        let state: Self = serde_json::from_str(&json)
            .map_err(|e| fail(&format!("its state cannot be read: {e}")))?;
        let mut same = state.recipe.clone();
        same.training.epochs = recipe.training.epochs;
        if same != *recipe {
            return Err(fail(
                "belongs to a run of another recipe; only `training.epochs` may differ",
            ));
        }
        if state.split_digest != split_digest {
            return Err(fail(
                "belongs to a run on other data: its files or their split have changed",
            ));
        }
        let part = |prefix: &str, name_of: &dyn Fn(&str) -> String| -> BTreeMap<String, Tensor> {
            let named = tensors.iter();
            named
                .filter_map(|(name, t)| Some((name_of(name.strip_prefix(prefix)?), t.clone())))
                .collect()
        };
        let weight = |name: &str| recipe.model.current_name(name).into_owned();
        let moment = |name: &str| match name.split_once('.') {
            Some((kind, name)) => format!("{kind}.{}", weight(name)),
            None => name.to_owned(),
        };
        let fitting = |e: Error| fail(&e.to_string());
        params.load(&part(WEIGHT, &weight)).map_err(fitting)?;
        adam.restore(&part(MOMENT, &moment), state.steps)
            .map_err(fitting)?;
        Ok(state)
    }
}
