//! A model in one file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{Error, Result};
use sarangi_data::{Normalisation, SplitSpec};
use sarangi_eval::{Evaluation, Temperature};
use sarangi_models::ModelContext;
use sarangi_nn::{Model, Params};
use serde::{Deserialize, Serialize};

use crate::{Recipe, tensor_file};

/// The metadata entry of the model file.
pub(crate) const ENTRY: &str = "sarangi.recipe";

/// How the metadata entries of this project begin, in their quotes.
const OURS: &str = "\"sarangi.";

/// No list of genres is longer; a number from a hostile file may be.
const MOST_CLASSES: usize = 10_000;

/// Everything about a model but its weights: what prediction needs, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The version of this layout.
    pub version: u32,
    /// How it was made.
    pub recipe: Recipe,
    /// The classes, in the order of the network's outputs.
    pub labels: Vec<String>,
    /// How features are scaled.
    pub normalisation: Normalisation,
    /// The shape (channels, bins, frames) of the network's input.
    pub input: [usize; 3],
    /// The numbers that training moved.
    pub parameters: usize,
    /// The recipe's split without references to other files, so that the model can be evaluated
    /// wherever its data are.
    pub split: SplitSpec,
    /// The digest of which chunk of which file trained, validated and tested.
    pub split_digest: String,
    /// Tracks that have chunks in more than one part of the split; not 0 means that the numbers
    /// are too good.
    pub leaking_tracks: usize,
    /// The epoch whose weights these are.
    pub epoch: usize,
    /// How good it is on the validation chunks, if there were any.
    pub validation: Option<Evaluation>,
    /// The terms under which the model may be used, if whoever trained it said so.
    pub licence: Option<String>,
    /// What scores are divided by before they become probabilities, so that these are as often right as
    /// they say; fitted on the validation chunks once training is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The confidence above which an answer for a track is sure, so that it is right as often as the
    /// recipe's `prediction.sure_accuracy` asks; found on the validation tracks. Without, every answer
    /// is sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

impl ModelCard {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    /// Whether an answer of this confidence is above the threshold.
    pub fn is_sure(&self, confidence: f32) -> bool {
        self.threshold
            .is_none_or(|threshold| f64::from(confidence) > threshold)
    }

    /// Checks that the card fits itself and its front end, since anybody may have written it.
    ///
    /// # Errors
    /// One line that says what does not fit.
    pub(crate) fn check(&self, shape: [usize; 3]) -> Result<(), String> {
        let Self { input, labels, .. } = self;
        if *input != shape {
            return Err(format!(
                "its input is {input:?}, but its front end makes {shape:?}"
            ));
        }
        let distinct: BTreeSet<&String> = labels.iter().collect();
        if !(2..=MOST_CLASSES).contains(&labels.len()) || distinct.len() < labels.len() {
            return Err(format!(
                "its {} labels are too few, too many or not distinct",
                labels.len()
            ));
        }
        if let Normalisation::Standardise { mean, deviation } = &self.normalisation {
            let sound = mean.iter().all(|m| m.is_finite())
                && deviation.iter().all(|d| d.is_finite() && *d > 0.0);
            if mean.len() != shape[0] || deviation.len() != shape[0] || !sound {
                return Err("its normalisation does not fit its features".to_owned());
            }
        }
        if let Some(temperature) = self.temperature
            && Temperature::new(temperature).is_err()
        {
            return Err(format!("its temperature is {temperature}"));
        }
        if let Some(threshold) = self.threshold
            && !(0.0..=1.0).contains(&threshold)
        {
            return Err(format!("its threshold is {threshold}, not 0 to 1"));
        }
        Ok(())
    }
}

/// A model: its card and its weights.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// Everything but the weights.
    pub card: ModelCard,
    /// The weights and running statistics by the names that the network has for them today.
    pub weights: BTreeMap<String, Tensor>,
}

impl ModelFile {
    /// Writes the model, whole: `.safetensors` with the card as JSON under `sarangi.recipe`. The
    /// same model makes the same bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let json = serde_json::to_string(&self.card)
            .map_err(|e| Error::checkpoint(path, format!("cannot write the recipe: {e}")))?;
        tensor_file::write(path, &self.weights, (ENTRY, &json))
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Checkpoint`] if it is not a model of this
    /// project or of a later version.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::of(path, tensor_file::read(path, ENTRY)?)
    }

    /// Reads a model from the content of its file.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        Self::of(path, tensor_file::parse(path, bytes, ENTRY)?)
    }

    fn of(path: &Path, (weights, json): (BTreeMap<String, Tensor>, String)) -> Result<Self> {
        let version = serde_json::from_str::<serde_json::Value>(&json)
            .ok()
            .and_then(|value| value.get("version")?.as_u64());
        if version.is_some_and(|version| version > u64::from(ModelCard::VERSION)) {
            let reason = "was written by a later version of sarangi; update to read it";
            return Err(Error::checkpoint(path, reason));
        }
        let card: ModelCard = serde_json::from_str(&json)
            .map_err(|e| Error::checkpoint(path, format!("its recipe cannot be read: {e}")))?;
        let model = &card.recipe.model;
        let weights = weights
            .into_iter()
            .map(|(name, tensor)| (model.current_name(&name).into_owned(), tensor))
            .collect();
        Ok(Self { card, weights })
    }

    /// Whether a safetensors file calls itself a file of this project, a model or the state of a
    /// run, and not one of weights alone.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn may_be(path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let header = tensor_file::header(path).map_err(|e| Error::io(path, e))?;
        let entry = OURS.as_bytes();
        Ok(header.windows(entry.len()).any(|part| part == entry))
    }

    /// Builds the network with these weights on a device.
    ///
    /// # Errors
    /// [`Error::Shape`] naming a tensor that is missing, mis-shaped or not finite, or all that are
    /// left over.
    pub fn network(&self, device: &Device) -> Result<Box<dyn Model>> {
        let params = Params::from_values(self.weights.clone(), device);
        let cx = ModelContext {
            params: &params,
            in_channels: self.card.input[0],
            classes: self.card.labels.len(),
        };
        let network = self.card.recipe.network(cx, DType::F32)?;
        params.check_all_used()?;
        Ok(network)
    }
}
