//! How a network is trained.

use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_data::Sampler;
use sarangi_nn::{Freeze, NamePatterns, Params};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::positive;
use crate::transfer::Thaw;
use crate::{
    ClassWeights, EarlyStopping, EmaSpec, GradScaler, InitSpec, LossSpec, LrFactor, Monitor,
    OptimiserSpec, ParameterRules, Precision, ScalerSpec, ScheduleSpec, Unfreeze,
};

/// How a network is trained.
///
/// The first four fields are always written out, the others where they are not their default: so a
/// recipe of an earlier version still makes the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// How often every training chunk is seen.
    pub epochs: usize,
    /// Chunks in a batch.
    pub batch_size: usize,
    /// The rule of a step.
    pub optimiser: OptimiserSpec,
    /// How the learning rate moves.
    pub schedule: ScheduleSpec,
    /// Which examples an epoch sees: each once, or equally many of each class.
    #[serde(skip_serializing_if = "is_default")]
    pub sampler: Sampler,
    /// How many batches make a step: their gradients are those of one batch of all their chunks, but
    /// for batch norms, which see each batch on its own.
    #[serde(skip_serializing_if = "is_default_accumulate")]
    pub accumulate: usize,
    /// What is made small.
    #[serde(skip_serializing_if = "is_default")]
    pub loss: LossSpec,
    /// How much each class counts in that: `"none"`, `"balanced"`, or a number for some by name.
    #[serde(skip_serializing_if = "is_default")]
    pub class_weights: ClassWeights,
    /// The bounds of gradients.
    #[serde(skip_serializing_if = "is_default")]
    pub clip: ClipSpec,
    /// The average of the weights that is the model; the weights themselves if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<EmaSpec>,
    /// The number by which the best epoch is chosen.
    #[serde(skip_serializing_if = "is_default")]
    pub monitor: Monitor,
    /// When the run ends before its last epoch, if it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// After how many epochs each time a model file is put into `checkpoints/`; 0 for never.
    #[serde(skip_serializing_if = "is_default")]
    pub checkpoint_every: usize,
    /// The weights to begin with; drawn if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSpec>,
    /// What of the network but its head stays as it is.
    #[serde(skip_serializing_if = "is_default")]
    pub freeze: Freeze,
    /// Parameters that stay as they are, such as `["conv1.*", "*.running_*"]`: the latter keeps every
    /// batch norm in evaluation, its weights trained.
    #[serde(skip_serializing_if = "NamePatterns::is_empty")]
    pub freeze_names: NamePatterns,
    /// What of that is trained from a later epoch on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unfreeze: Vec<Unfreeze>,
    /// Multiples of the learning rate for some parameters; of several that match the first counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lr_factors: Vec<LrFactor>,
    /// Parameters that have no weight decay, such as `["*.bias", "*.bn?.weight"]`.
    #[serde(skip_serializing_if = "NamePatterns::is_empty")]
    pub no_decay: NamePatterns,
    /// The numbers that are computed with, where the device gains by it.
    #[serde(skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// How the loss is scaled under `precision = "f16"`.
    #[serde(skip_serializing_if = "is_default")]
    pub scaler: ScalerSpec,
    /// Where several ranks share a batch, whether batch norms take the statistics of all of it, so that
    /// the number of ranks changes nothing; otherwise each rank's are of its share, which must be of
    /// two chunks at least. One rank's run is the same either way.
    #[serde(skip_serializing_if = "is_true")]
    pub sync_batch_norm: bool,
    /// Whether the history is also written as an event file of TensorBoard.
    #[serde(skip_serializing_if = "is_default")]
    pub tensorboard: bool,
}

/// The bounds of gradients. First every value is brought within `value`, then all are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClipSpec {
    /// The largest value; `torch.nn.utils.clip_grad_value_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The largest 2-norm of all together; `torch.nn.utils.clip_grad_norm_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<f64>,
}

/// Fields that came later are written only if they say something: a model file of before keeps its
/// bytes.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_default_accumulate(batches: &usize) -> bool {
    *batches == 1
}

const LARGEST_BATCH: usize = 65_536;

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 32,
            optimiser: OptimiserSpec::default(),
            schedule: ScheduleSpec::default(),
            sampler: Sampler::default(),
            accumulate: 1,
            loss: LossSpec::default(),
            class_weights: ClassWeights::default(),
            clip: ClipSpec::default(),
            ema: None,
            monitor: Monitor::default(),
            early_stopping: None,
            checkpoint_every: 0,
            init: None,
            freeze: Freeze::default(),
            freeze_names: NamePatterns::default(),
            unfreeze: Vec::new(),
            lr_factors: Vec::new(),
            no_decay: NamePatterns::default(),
            precision: Precision::default(),
            scaler: ScalerSpec::default(),
            sync_batch_norm: true,
            tensorboard: false,
        }
    }
}

impl TrainingSpec {
    /// How a step differs from parameter to parameter.
    pub(crate) fn rules(&self) -> ParameterRules {
        ParameterRules {
            lr_factors: self.lr_factors.clone(),
            no_decay: self.no_decay.clone(),
        }
    }

    /// The scaler of a new run, if its precision needs one.
    pub(crate) fn new_scaler(&self) -> Option<GradScaler> {
        (self.precision == Precision::F16).then(|| GradScaler::new(&self.scaler))
    }

    /// Refuses to watch numbers that the epochs will not have.
    pub(crate) fn check_monitors(&self, validates: bool) -> Result<()> {
        self.monitor.check(validates)?;
        let stopping = self.early_stopping.and_then(|stopping| stopping.monitor);
        if let Some(monitor) = stopping {
            monitor.check(validates)?;
        }
        match &self.schedule {
            ScheduleSpec::Plateau(plateau) => plateau.monitor.check(validates),
            _ => Ok(()),
        }
    }

    /// Refuses patterns that match nothing of a network, built for the first epoch.
    pub(crate) fn check_network(&self, params: &Params) -> Result<()> {
        self.rules().check_names(params)?;
        self.thaw().check(params)
    }

    /// What is trained when.
    pub(crate) fn thaw(&self) -> Thaw<'_> {
        Thaw {
            freeze: self.freeze,
            names: &self.freeze_names,
            unfreeze: &self.unfreeze,
        }
    }

    /// The same, relative paths taken as relative to `folder`.
    pub(crate) fn relative_to(mut self, folder: &Path) -> Self {
        self.init = self.init.map(|init| init.relative_to(folder));
        self
    }

    /// Refuses to share a batch among more ranks than can be.
    pub(crate) fn check_ranks(&self, ranks: usize) -> Result<()> {
        let least = match (ranks, self.sync_batch_norm) {
            (1, _) => return Ok(()),
            (_, true) => ranks,
            (_, false) => 2 * ranks,
        };
        if self.batch_size >= least {
            return Ok(());
        }
        let got = self.batch_size;
        let reason = format!("must be at least {least} for {ranks} ranks to share it, got {got}");
        Err(Error::config("training", "batch_size", reason))
    }

    /// Checks what can be checked without the network and the data; `mixes` says whether examples are
    /// mixed with one another.
    pub(crate) fn check(&self, mixes: bool) -> Result<()> {
        const SPEC: &str = "training";
        for (field, count) in [("epochs", self.epochs), ("accumulate", self.accumulate)] {
            if count == 0 {
                return Err(Error::config(SPEC, field, "must be at least 1, got 0"));
            }
        }
        // Batch norm needs two to have a variance; the other bound is on memory.
        if !(2..=LARGEST_BATCH).contains(&self.batch_size) {
            let got = self.batch_size;
            let reason = format!("must be from 2 to {LARGEST_BATCH}, got {got}");
            return Err(Error::config(SPEC, "batch_size", reason));
        }
        self.optimiser.check()?;
        self.schedule.check(self.epochs)?;
        self.schedule.check_optimiser(&self.optimiser)?;
        self.loss.check(mixes)?;
        self.class_weights.check()?;
        for (field, bound) in [
            ("clip.value", self.clip.value),
            ("clip.norm", self.clip.norm),
        ] {
            if let Some(bound) = bound {
                positive(SPEC, field, bound)?;
            }
        }
        if let Some(ema) = self.ema {
            ema.check()?;
        }
        if let Some(stopping) = self.early_stopping {
            stopping.check()?;
        }
        if self
            .unfreeze
            .iter()
            .any(|unfreeze| unfreeze.from_epoch == 0)
        {
            let reason = "from_epoch counts from 1, got 0";
            return Err(Error::config(SPEC, "unfreeze", reason));
        }
        self.rules().check()?;
        self.scaler.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
        epochs = 3
        optimiser = { type = "adamw" }
        schedule = { type = "one_cycle", max_lr = 0.1 }
        accumulate = 4
        loss = { type = "focal" }
        class_weights = { jazz = 2.0 }
        clip = { norm = 1.0 }
        ema = {}
        monitor = "valid_macro_f1"
        early_stopping = { patience = 3 }
        checkpoint_every = 5
        init = { weights = "weights/a.pth" }
        freeze = "base"
        freeze_names = ["a.*"]
        unfreeze = [{ from_epoch = 2, patterns = ["b.*"] }]
        lr_factors = [{ patterns = ["c"], factor = 0.1 }]
        no_decay = ["*.bias"]
        precision = "f16"
        scaler = { init_scale = 8.0 }
        sync_batch_norm = false
        tensorboard = true
    "#;

    #[test]
    fn every_field_survives_toml_and_json() {
        let spec: TrainingSpec = toml::from_str(FULL).unwrap();
        spec.check(false).unwrap();
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<TrainingSpec>(&text).unwrap(), spec);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<TrainingSpec>(&json).unwrap(), spec);
        let init = |folder: &str| spec.clone().relative_to(Path::new(folder)).init.unwrap();
        assert_eq!(init("recipes").weights, "recipes/weights/a.pth");
        let hub = InitSpec {
            weights: "hf:owner/name".to_owned(),
            ..init("")
        };
        assert_eq!(hub.clone().relative_to(Path::new("recipes")), hub);
        // Mixed examples are of no one class.
        let error = spec.check(true).unwrap_err().to_string();
        assert!(error.contains("focal"), "{error}");
    }

    #[test]
    fn what_is_not_said_is_not_written_so_that_old_files_keep_their_bytes() {
        let json = serde_json::to_value(TrainingSpec::default()).unwrap();
        let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["epochs", "batch_size", "optimiser", "schedule"]);
    }

    #[test]
    fn a_batch_is_not_shared_among_more_ranks_than_it_has_chunks() {
        let spec = |batch_size, sync_batch_norm| TrainingSpec {
            batch_size,
            sync_batch_norm,
            ..TrainingSpec::default()
        };
        assert!(spec(2, false).check_ranks(1).is_ok());
        assert!(spec(4, true).check_ranks(4).is_ok() && spec(8, false).check_ranks(4).is_ok());
        for wrong in [spec(3, true), spec(7, false)] {
            let error = wrong.check_ranks(4).unwrap_err().to_string();
            assert!(error.contains("batch_size"), "{error}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("accumulate = 0", "accumulate"),
            ("clip = { norm = 0.0 }", "clip.norm"),
            ("clip = { value = -1.0 }", "clip.value"),
            ("ema = { decay = 1.0 }", "decay"),
            ("early_stopping = { patience = 0 }", "patience"),
            (
                "early_stopping = { patience = 1, min_delta = -1.0 }",
                "min_delta",
            ),
            (
                "unfreeze = [{ from_epoch = 0, patterns = [] }]",
                "from_epoch",
            ),
            (
                "lr_factors = [{ patterns = [], factor = -1.0 }]",
                "lr_factors",
            ),
            ("loss = { type = \"focal\", gamma = -1.0 }", "gamma"),
            (
                "loss = { type = \"cross_entropy\", label_smoothing = 2.0 }",
                "label_smoothing",
            ),
        ] {
            let spec: TrainingSpec = toml::from_str(text).unwrap();
            let error = spec.check(false).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        for text in [
            "ema = { decays = 0.9 }",
            "precision = \"f64\"",
            "monitor = \"loss\"",
        ] {
            assert!(toml::from_str::<TrainingSpec>(text).is_err(), "{text}");
        }
    }
}
