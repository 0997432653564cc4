//! Ending a run that no longer gets better.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::at_least_0;
use crate::{EpochRecord, Monitor};

/// Ends a run when a number has not got better for `patience` epochs. The best epoch's model is the
/// run's model as always.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// How many epochs in a row may be no better before the run ends.
    pub patience: usize,
    /// An epoch that is better by no more than this is no better.
    #[serde(default)]
    pub min_delta: f64,
    /// The number that is watched; the one that decides which epoch is best if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<Monitor>,
}

impl EarlyStopping {
    pub(crate) fn check(&self) -> Result<()> {
        if self.patience == 0 {
            let reason = "must be at least 1, got 0";
            return Err(Error::config("early_stopping", "patience", reason));
        }
        at_least_0("early_stopping", "min_delta", self.min_delta)
    }

    /// Whether a run of these epochs has ended. It depends on them alone, so that a run that is taken
    /// up again ends where it would have.
    pub fn has_ended(&self, monitor: Monitor, history: &[EpochRecord]) -> bool {
        let monitor = self.monitor.unwrap_or(monitor);
        let mut best: Option<&EpochRecord> = None;
        let mut waited = 0;
        for record in history {
            if best.is_none_or(|best| monitor.gain(record, best) > self.min_delta) {
                best = Some(record);
                waited = 0;
            } else {
                waited += 1;
                if waited >= self.patience {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(losses: &[f64]) -> Vec<EpochRecord> {
        let record = |&loss: &f64| EpochRecord {
            valid_loss: Some(loss),
            valid_accuracy: Some(1.0 - loss),
            ..EpochRecord::default()
        };
        losses.iter().map(record).collect()
    }

    #[test]
    fn it_ends_after_its_patience_and_stays_ended() {
        let stopping = EarlyStopping {
            patience: 2,
            min_delta: 0.05,
            monitor: None,
        };
        let ended = |losses: &[f64], monitor| stopping.has_ended(monitor, &history(losses));
        for monitor in [Monitor::ValidLoss, Monitor::ValidAccuracy] {
            assert!(!ended(&[], monitor));
            assert!(!ended(&[0.9, 0.9], monitor));
            assert!(ended(&[0.9, 0.9, 0.9], monitor));
            // Each a little better than the one before, but not than the best.
            assert!(ended(&[0.9, 0.88, 0.86], monitor));
            assert!(!ended(&[0.9, 0.88, 0.84, 0.83], monitor));
            assert!(ended(&[0.9, 0.9, 0.9, 0.1], monitor));
        }
    }
}
