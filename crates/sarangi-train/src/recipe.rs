//! Everything that decides how a model comes to be.

use std::fs;
use std::path::Path;

use candle_core::DType;
use sarangi_augment::PolicySpec;
use sarangi_core::{Error, Result, Seed, Spec};
use sarangi_data::{FrontEndSpec, LeakPolicy, NormaliseSpec, SplitSpec};
use sarangi_eval::Pooling;
use sarangi_models::{ModelContext, ModelSpec};
use sarangi_nn::Model;
use serde::{Deserialize, Serialize};

use crate::on_device::Hearing;
use crate::{DeviceFeatures, OnDeviceSpec, TrainingSpec};

/// A recipe: with the data, it decides every byte of the model.
///
/// It is written as TOML; what is left out has the defaults documented here. The run's folder gets
/// it back with every default written out, and the model file carries it as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// A name for people.
    pub name: String,
    /// What everything random follows from.
    #[serde(default)]
    pub seed: Seed,
    /// From file to features.
    pub front_end: FrontEndSpec,
    /// How features are scaled.
    #[serde(default)]
    pub normalise: NormaliseSpec,
    /// Which tracks train, validate and test.
    #[serde(default)]
    pub split: SplitSpec,
    /// What is done if files of one recording or artist are in different parts of the split.
    #[serde(default, skip_serializing_if = "crate::training_spec::is_default")]
    pub leaks: LeakPolicy,
    /// What is done to the sound of each class in training; nothing if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<PolicySpec>,
    /// What the device that runs the network computes of the front end's waveforms first; nothing if not
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_device: Option<OnDeviceSpec>,
    /// The network.
    pub model: ModelSpec,
    /// How it is trained.
    #[serde(default)]
    pub training: TrainingSpec,
    /// How a track's chunks become one answer.
    #[serde(default)]
    pub prediction: PredictionSpec,
}

/// How a track's chunks become one answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PredictionSpec {
    /// Majority vote or mean probability.
    pub pooling: Pooling,
    /// How often an answer must be right to be called sure, as a share of the validation tracks, 0 to
    /// 1: the model file keeps the lowest confidence above which that holds, and an answer below it
    /// is "not sure". 0.8; 0 makes every answer sure.
    #[serde(skip_serializing_if = "is_usual_accuracy")]
    pub sure_accuracy: f64,
}

/// In four of five cases.
const SURE_ACCURACY: f64 = 0.8;

fn is_usual_accuracy(accuracy: &f64) -> bool {
    *accuracy == SURE_ACCURACY
}

impl Default for PredictionSpec {
    fn default() -> Self {
        Self {
            pooling: Pooling::MeanProbability,
            sure_accuracy: SURE_ACCURACY,
        }
    }
}

impl Recipe {
    /// Reads a recipe from a TOML file, some fields replaced: `("training.epochs", "3")`. Relative
    /// paths in the file are relative to the file; those in `settings` to the working folder.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Data`] naming it and the line or field
    /// that is wrong.
    pub fn read(path: impl AsRef<Path>, settings: &[(String, String)]) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let fail = |reason: String| Error::data(path, reason);
        let mut recipe = parse(&text).map_err(fail)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        recipe.split = recipe.split.relative_to(folder);
        recipe.training = recipe.training.relative_to(folder);
        let recipe = recipe.with(settings).map_err(fail)?;
        recipe.check().map_err(|e| fail(e.to_string()))?;
        Ok(recipe)
    }

    /// Reads a recipe from TOML, some fields replaced.
    ///
    /// # Errors
    /// [`Error::Config`] with one line that says what is wrong and where.
    pub fn from_toml(text: &str, settings: &[(String, String)]) -> Result<Self> {
        let fail = |reason: String| Error::config("recipe", "toml", reason);
        let recipe = parse(text)
            .and_then(|recipe| recipe.with(settings))
            .map_err(fail)?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe with some fields replaced, where every default is written out: so a field can be
    /// reached whose parent the text leaves out.
    fn with(self, settings: &[(String, String)]) -> Result<Self, String> {
        if settings.is_empty() {
            return Ok(self);
        }
        let mut table = toml::Table::try_from(&self).map_err(|e| e.to_string())?;
        for (path, value) in settings {
            set(&mut table, path, value)?;
        }
        table
            .try_into()
            .map_err(|e: toml::de::Error| e.message().replace('\n', "; "))
    }

    /// The recipe as TOML with every default written out.
    ///
    /// # Errors
    /// [`Error::Config`] if a value has no TOML form.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::config("recipe", "toml", e.to_string()))
    }

    /// Checks what can be checked without the data.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn check(&self) -> Result<()> {
        if let Some(policy) = &self.augment {
            self.front_end.check_policy(policy)?;
        }
        if let Some(features) = &self.on_device {
            features.check()?;
        }
        self.split.check()?;
        let sure = self.prediction.sure_accuracy;
        if !(0.0..=1.0).contains(&sure) {
            let reason = format!("must be 0 to 1, got {sure}");
            return Err(Error::config("prediction", "sure_accuracy", reason));
        }
        let mixes = self
            .augment
            .as_ref()
            .is_some_and(|policy| policy.mix.is_some());
        self.training.check(mixes)
    }
}

impl Recipe {
    /// The network, which where the recipe says so begins with features of waveforms. In training its
    /// layers store what they give as `dtype`; where there is no such first step the input is to be
    /// of that type.
    pub(crate) fn network(&self, cx: ModelContext<'_>, dtype: DType) -> Result<Box<dyn Model>> {
        let network = self.model.build(cx)?;
        let Some(spec) = &self.on_device else {
            return Ok(network);
        };
        let Some(rate) = self.front_end.rate() else {
            let reason = "needs a front end of sounds, this one is of pictures";
            return Err(Error::config("recipe", "on_device", reason));
        };
        Ok(Box::new(Hearing {
            features: DeviceFeatures::new(spec, rate, cx.params.device())?,
            network,
            dtype,
        }))
    }
}

fn parse(text: &str) -> Result<Recipe, String> {
    toml::from_str(text).map_err(|e| {
        let line = e
            .span()
            .map(|span| text[..span.start.min(text.len())].lines().count());
        let place = line
            .map(|n| format!("line {}: ", n.max(1)))
            .unwrap_or_default();
        format!("{place}{}", e.message().replace('\n', "; "))
    })
}

/// Sets `a.b.c` to a value: TOML if it parses as such, else a text.
fn set(table: &mut toml::Table, path: &str, value: &str) -> Result<(), String> {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let (parents, field) = path
        .rsplit_once('.')
        .map_or((None, path), |(p, f)| (Some(p), f));
    let mut place = table;
    for name in parents.iter().flat_map(|parents| parents.split('.')) {
        let entry = place
            .entry(name)
            .or_insert_with(|| toml::Table::new().into());
        place = entry
            .as_table_mut()
            .ok_or_else(|| format!("{path}: `{name}` is a value, it has no fields to set"))?;
    }
    // Another variant has other fields: those of the old one would only be in the way.
    if field == "type" && place.get("type").is_some_and(|old| *old != parsed) {
        place.clear();
    }
    place.insert(field.to_owned(), parsed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        name = "test"
        [front_end]
        features = { type = "five_channel" }
        [split]
        type = "leaky_chunks"
        test = 0.3
        [model]
        type = "five_channel_cnn"
    "#;

    fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_recipe_survives_toml_and_json_with_its_defaults() {
        let recipe = Recipe::from_toml(TEXT, &[]).unwrap();
        let text = recipe.to_toml().unwrap();
        assert!(text.contains("batch_size = 32"), "{text}");
        assert_eq!(Recipe::from_toml(&text, &[]).unwrap(), recipe);
        let json = serde_json::to_string(&recipe).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
    }

    #[test]
    fn settings_reach_nested_fields_and_change_variants() {
        let changes = settings(&[
            ("training.epochs", "3"),
            ("training.optimiser.lr", "0.5"),
            ("split.type", "track"),
            ("split.valid", "0.25"),
            ("name", "other name"),
        ]);
        let recipe = Recipe::from_toml(TEXT, &changes).unwrap();
        assert_eq!(recipe.training.epochs, 3);
        assert_eq!(recipe.training.optimiser.lr(), 0.5);
        assert_eq!(recipe.name, "other name");
        assert_eq!(
            recipe.split,
            SplitSpec::Track {
                valid: 0.25,
                test: 0.2
            }
        );
    }

    #[test]
    fn mistakes_are_named_in_one_line() {
        let wrong = TEXT.replace("test = 0.3", "tset = 0.3");
        let cases = [
            (Recipe::from_toml(&wrong, &[]), "tset"),
            (
                Recipe::from_toml(TEXT, &settings(&[("training.epochs", "0")])),
                "epochs",
            ),
            (
                Recipe::from_toml(TEXT, &settings(&[("training.epoch", "1")])),
                "epoch",
            ),
            (
                Recipe::from_toml(TEXT, &settings(&[("name.x", "1")])),
                "name",
            ),
            (
                Recipe::from_toml(TEXT, &settings(&[("training.optimiser.lr", "nan")])),
                "lr",
            ),
            (Recipe::from_toml("name = ", &[]), "line 1"),
        ];
        for (result, part) in cases {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
