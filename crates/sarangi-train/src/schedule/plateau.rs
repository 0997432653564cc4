//! Lowering the learning rate when a run no longer gets better.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::at_least_0;
use crate::{EpochRecord, Monitor};

/// Multiplies the learning rate by `factor` when a number has not got better for more than `patience`
/// epochs; `torch.optim.lr_scheduler.ReduceLROnPlateau`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plateau {
    /// The number that is watched.
    pub monitor: Monitor,
    /// Whether less of it is better, or more; if not given, as suits the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PlateauMode>,
    /// What the learning rate is multiplied by.
    pub factor: f64,
    /// How many epochs in a row may be no better.
    pub patience: usize,
    /// By how much an epoch must be better to count.
    pub threshold: f64,
    /// What that is a share of.
    pub threshold_mode: ThresholdMode,
    /// How many epochs after a change are not counted.
    pub cooldown: usize,
    /// The learning rate is never lower.
    pub min_lr: f64,
    /// A change by no more than this is left out.
    pub eps: f64,
}

/// Which way a number gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateauMode {
    /// Downwards.
    Min,
    /// Upwards.
    Max,
}

/// How the threshold of a [`Plateau`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMode {
    /// As a share of the best number so far.
    #[default]
    Rel,
    /// As it is.
    Abs,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            monitor: Monitor::ValidLoss,
            mode: None,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
        }
    }
}

impl Plateau {
    /// The learning rate after these epochs, given the optimiser's.
    pub fn lr(&self, base: f64, history: &[EpochRecord]) -> f64 {
        let (mut lr, mut bad, mut cooling) = (base, 0, 0);
        let mut best = None;
        for number in history.iter().filter_map(|record| self.monitor.of(record)) {
            if best.is_none_or(|best| self.is_better(number, best)) {
                best = Some(number);
                bad = 0;
            } else {
                bad += 1;
            }
            if cooling > 0 {
                cooling -= 1;
                bad = 0;
            }
            if bad > self.patience {
                let lower = (lr * self.factor).max(self.min_lr);
                if lr - lower > self.eps {
                    lr = lower;
                }
                cooling = self.cooldown;
                bad = 0;
            }
        }
        lr
    }

    fn is_better(&self, number: f64, best: f64) -> bool {
        let falls = match self.mode {
            Some(mode) => mode == PlateauMode::Min,
            None => self.monitor.is_loss(),
        };
        match (falls, self.threshold_mode) {
            (true, ThresholdMode::Rel) => number < best * (1.0 - self.threshold),
            (true, ThresholdMode::Abs) => number < best - self.threshold,
            (false, ThresholdMode::Rel) => number > best * (1.0 + self.threshold),
            (false, ThresholdMode::Abs) => number > best + self.threshold,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        const SPEC: &str = "plateau";
        if !(self.factor > 0.0 && self.factor < 1.0) {
            let reason = format!("must be above 0 and below 1, got {}", self.factor);
            return Err(Error::config(SPEC, "factor", reason));
        }
        at_least_0(SPEC, "threshold", self.threshold)?;
        at_least_0(SPEC, "min_lr", self.min_lr)?;
        at_least_0(SPEC, "eps", self.eps)
    }
}
