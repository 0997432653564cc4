//! Schedules by description.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{OneCycle, Plateau};
use crate::optimiser_spec::{at_least_0, positive};

/// How the learning rate moves in the course of a run; the names and defaults of the numbers are
/// those of `torch.optim.lr_scheduler`, which `fixtures/golden/train` holds them to within 1e-6.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScheduleSpec {
    /// It stays the optimiser's.
    #[default]
    Constant,
    /// It takes a new value at given epochs; before the first of them it is the optimiser's.
    Stages {
        /// The changes, in the order of their epochs.
        stages: Vec<Stage>,
    },
    /// It is multiplied after every few epochs; `StepLR`.
    Step {
        /// After how many epochs.
        step_size: usize,
        /// By what.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
    /// It is multiplied after given numbers of epochs; `MultiStepLR`.
    MultiStep {
        /// After how many epochs, increasing.
        milestones: Vec<usize>,
        /// By what.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
    /// It is lowered when a number no longer gets better; `ReduceLROnPlateau`.
    Plateau(Plateau),
    /// From step to step, it falls along half a cosine wave (Loshchilov and Hutter 2017) from the
    /// optimiser's to `eta_min` at the end of the run; `CosineAnnealingLR`, behind a linear warm-up,
    /// `LinearLR`, if there is one.
    Cosine {
        /// How many epochs it first rises to the optimiser's; may be a fraction.
        #[serde(default)]
        warmup_epochs: f64,
        /// What the warm-up begins with, as a share of the optimiser's.
        #[serde(default = "default_start_factor")]
        start_factor: f64,
        /// What it ends with.
        #[serde(default)]
        eta_min: f64,
    },
    /// From step to step, it rises and falls once in the run (Smith and Topin 2018), and momentum the
    /// other way; `OneCycleLR`.
    OneCycle(OneCycle),
}

/// One change of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The first epoch, counted from 1, that has this rate.
    pub from_epoch: usize,
    /// The rate.
    pub lr: f64,
}

fn default_gamma() -> f64 {
    0.1
}

fn default_start_factor() -> f64 {
    1.0 / 3.0
}

impl ScheduleSpec {
    pub(crate) fn check(&self, epochs: usize) -> Result<()> {
        let wrong = |field: &str, reason: String| Err(Error::config("schedule", field, reason));
        match self {
            Self::Constant => Ok(()),
            Self::Stages { stages } => {
                if !stages.is_sorted_by(|a, b| a.from_epoch < b.from_epoch) {
                    return wrong("stages", "must be in the order of from_epoch".into());
                }
                let mut rates = stages.iter().map(|stage| stage.lr);
                rates.try_for_each(|lr| positive("schedule", "lr", lr))
            }
            Self::Step { step_size: 0, .. } => {
                wrong("step_size", "must be at least 1, got 0".into())
            }
            Self::Step { gamma, .. } => positive("schedule", "gamma", *gamma),
            Self::MultiStep { milestones, gamma } => {
                if !milestones.is_sorted_by(|a, b| a < b) {
                    return wrong("milestones", "must be increasing".into());
                }
                positive("schedule", "gamma", *gamma)
            }
            Self::Plateau(plateau) => plateau.check(),
            Self::Cosine {
                warmup_epochs,
                start_factor,
                eta_min,
            } => {
                if !(0.0..=epochs as f64).contains(warmup_epochs) {
                    let reason = format!("must be from 0 to {epochs} epochs, got {warmup_epochs}");
                    return wrong("warmup_epochs", reason);
                }
                if !(*start_factor > 0.0 && *start_factor <= 1.0) {
                    let reason = format!("must be above 0 and at most 1, got {start_factor}");
                    return wrong("start_factor", reason);
                }
                at_least_0("schedule", "eta_min", *eta_min)
            }
            Self::OneCycle(cycle) => cycle.check(),
        }
    }
}
