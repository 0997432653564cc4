//! How the learning rate moves.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// How the learning rate moves from epoch to epoch.
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

impl ScheduleSpec {
    /// The learning rate of an epoch, counted from 1, given the optimiser's.
    pub fn lr(&self, epoch: usize, base: f64) -> f64 {
        match self {
            Self::Constant => base,
            Self::Stages { stages } => {
                let begun = stages.iter().rev().find(|stage| stage.from_epoch <= epoch);
                begun.map_or(base, |stage| stage.lr)
            }
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Self::Stages { stages } = self else {
            return Ok(());
        };
        if !stages.is_sorted_by(|a, b| a.from_epoch < b.from_epoch) {
            return Err(Error::config(
                "schedule",
                "stages",
                "must be in the order of from_epoch",
            ));
        }
        match stages
            .iter()
            .find(|stage| !(stage.lr > 0.0 && stage.lr.is_finite()))
        {
            Some(stage) => {
                let reason = format!("must be above 0 and finite, got {}", stage.lr);
                Err(Error::config("schedule", "lr", reason))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_begin_at_their_epochs() {
        let stage = |from_epoch, lr| Stage { from_epoch, lr };
        let schedule = ScheduleSpec::Stages {
            stages: vec![stage(3, 0.2), stage(5, 0.1)],
        };
        let rates: Vec<f64> = (1..=6).map(|epoch| schedule.lr(epoch, 1.0)).collect();
        assert_eq!(rates, [1.0, 1.0, 0.2, 0.2, 0.1, 0.1]);
        let reversed = ScheduleSpec::Stages {
            stages: vec![stage(5, 0.1), stage(3, 0.2)],
        };
        assert!(reversed.check().is_err());
    }
}
