//! What a network begins with, and what of it is trained when.

use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_models::{WeightOptions, load_weights_with};
use sarangi_nn::{Freeze, Hold, NamePatterns, Params};
use serde::{Deserialize, Serialize};

/// What names of files of the Hugging Face hub begin with.
const HUB: &str = "hf:";

/// Weights to begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitSpec {
    /// The file: of torch, torchvision, timm or this project; or `hf:owner/name` for one of the
    /// Hugging Face hub.
    pub weights: String,
    /// Whether the last layers are taken over too, which they can be if the classes are as many.
    #[serde(default)]
    pub head: bool,
    /// Whether a first layer for three colours is adapted to as many channels as there are, by
    /// [`adapt_input_conv`](sarangi_models::adapt_input_conv).
    #[serde(default)]
    pub adapt_stem: bool,
}

impl InitSpec {
    /// Sets the network's parameters.
    pub(crate) fn load(&self, params: &Params) -> Result<()> {
        let options = WeightOptions {
            without_head: !self.head,
            adapt_stem: self.adapt_stem,
        };
        load_weights_with(params, &self.weights, &options).map(|_| ())
    }

    /// The same, a relative path taken as relative to `folder`.
    pub(crate) fn relative_to(mut self, folder: &Path) -> Self {
        if !self.weights.starts_with(HUB) {
            // A path that is no text cannot have come from a recipe.
            if let Some(path) = folder.join(&self.weights).to_str() {
                self.weights = path.to_owned();
            }
        }
        self
    }

    /// Refuses a file that is not there.
    pub(crate) fn check_file(&self) -> Result<()> {
        let path = Path::new(&self.weights);
        match self.weights.starts_with(HUB) || path.is_file() {
            true => Ok(()),
            false => {
                let reason = "is no file; `training.init.weights` names the weights to begin with";
                Err(Error::data(path, reason))
            }
        }
    }
}

/// Parameters that are trained from an epoch on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// The first epoch, counted from 1, in which they are trained.
    pub from_epoch: usize,
    /// Which parameters.
    pub patterns: NamePatterns,
}

/// What of a network is trained when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thaw<'a> {
    pub(crate) freeze: Freeze,
    pub(crate) names: &'a NamePatterns,
    pub(crate) unfreeze: &'a [Unfreeze],
}

impl Thaw<'_> {
    /// The place where a network is to be built for an epoch.
    pub(crate) fn place(&self, params: &Params, epoch: usize) -> Params {
        let begun = self.unfreeze.iter().filter(|u| u.from_epoch <= epoch);
        let hold = Hold {
            held: self.names.clone(),
            free: begun.flat_map(|u| u.patterns.iter()).collect(),
        };
        params.frozen(self.freeze).holding(hold)
    }

    /// Whether an epoch trains something that the one before it did not.
    pub(crate) fn changes_in(&self, epoch: usize) -> bool {
        self.unfreeze.iter().any(|u| u.from_epoch == epoch)
    }

    /// Refuses patterns that match none of a network's parameters, and a network of which nothing
    /// is trained at first.
    pub(crate) fn check(&self, params: &Params) -> Result<()> {
        let names: Vec<String> = params.shapes().into_iter().map(|(name, _)| name).collect();
        self.names.check("training", "freeze_names", &names)?;
        for unfreeze in self.unfreeze {
            unfreeze.patterns.check("training", "unfreeze", &names)?;
        }
        match params.trainable().is_empty() {
            false => Ok(()),
            true => {
                let reason = "nothing of the network would be trained in the first epoch";
                Err(Error::config("training", "freeze_names", reason))
            }
        }
    }
}
