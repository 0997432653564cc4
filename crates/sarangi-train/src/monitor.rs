//! Which number of an epoch decides.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::EpochRecord;

/// A number of each epoch by which epochs are compared: losses are better when lower, all others when
/// higher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Monitor {
    /// The loss on the validation chunks; the training loss where nothing validates.
    #[default]
    ValidLoss,
    /// The share of validation chunks that are right.
    ValidAccuracy,
    /// The mean recall of the classes over the validation chunks.
    ValidBalancedAccuracy,
    /// The mean F1 of the classes over the validation chunks.
    ValidMacroF1,
    /// The share of validation tracks that are right.
    ValidTrackAccuracy,
    /// The loss over the training chunks while the weights moved.
    TrainLoss,
    /// The share of training chunks that were right while the weights moved.
    TrainAccuracy,
}

impl Monitor {
    /// The name that recipes call it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidLoss => "valid_loss",
            Self::ValidAccuracy => "valid_accuracy",
            Self::ValidBalancedAccuracy => "valid_balanced_accuracy",
            Self::ValidMacroF1 => "valid_macro_f1",
            Self::ValidTrackAccuracy => "valid_track_accuracy",
            Self::TrainLoss => "train_loss",
            Self::TrainAccuracy => "train_accuracy",
        }
    }

    /// Whether less of it is better.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::ValidLoss | Self::TrainLoss)
    }

    /// The number of an epoch; none if the epoch does not have it.
    pub fn of(self, record: &EpochRecord) -> Option<f64> {
        match self {
            Self::ValidLoss => Some(record.valid_loss.unwrap_or(record.train_loss)),
            Self::ValidAccuracy => record.valid_accuracy,
            Self::ValidBalancedAccuracy => record.valid_balanced_accuracy,
            Self::ValidMacroF1 => record.valid_macro_f1,
            Self::ValidTrackAccuracy => record.valid_track_accuracy,
            Self::TrainLoss => Some(record.train_loss),
            Self::TrainAccuracy => Some(record.train_accuracy),
        }
    }

    /// By how much an epoch is better than another; negative if it is worse. An epoch that has the
    /// number is better than one that has not.
    pub(crate) fn gain(self, record: &EpochRecord, than: &EpochRecord) -> f64 {
        match (self.of(record), self.of(than)) {
            (Some(new), Some(old)) if self.is_loss() => old - new,
            (Some(new), Some(old)) => new - old,
            (Some(_), None) => f64::INFINITY,
            (None, _) => f64::NEG_INFINITY,
        }
    }

    /// Whether an epoch is better than every one before it.
    pub(crate) fn is_best(self, record: &EpochRecord, before: &[EpochRecord]) -> bool {
        before.iter().all(|other| self.gain(record, other) > 0.0)
    }

    /// Refuses to watch what validates where nothing validates.
    pub(crate) fn check(self, validates: bool) -> Result<()> {
        use Monitor::{TrainAccuracy, TrainLoss, ValidLoss};
        match validates || matches!(self, ValidLoss | TrainLoss | TrainAccuracy) {
            true => Ok(()),
            false => {
                let reason = format!(
                    "{} needs a validation part, and the split has none; give it one or monitor \
                     train_loss",
                    self.name()
                );
                Err(Error::config("training", "monitor", reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_fall_and_shares_rise() {
        let record = |valid_loss, valid_accuracy| EpochRecord {
            valid_loss,
            valid_accuracy,
            train_loss: 3.0,
            ..EpochRecord::default()
        };
        let history = [record(Some(1.0), Some(0.5)), record(Some(0.8), Some(0.4))];
        let best = |monitor: Monitor, record| monitor.is_best(&record, &history);
        assert!(best(Monitor::ValidLoss, record(Some(0.7), None)));
        assert!(!best(Monitor::ValidLoss, record(Some(0.8), None)));
        assert!(best(Monitor::ValidAccuracy, record(None, Some(0.6))));
        assert!(!best(Monitor::ValidAccuracy, record(None, Some(0.5))));
        assert!(!best(Monitor::ValidAccuracy, record(None, None)));
        assert_eq!(Monitor::ValidLoss.of(&record(None, None)), Some(3.0));
        Monitor::ValidLoss.check(false).unwrap();
        let error = Monitor::ValidMacroF1.check(false).unwrap_err().to_string();
        assert!(error.contains("valid_macro_f1"), "{error}");
    }

    #[test]
    fn its_name_is_the_recipe_s() {
        for name in ["valid_loss", "valid_macro_f1", "train_accuracy"] {
            let json = format!("\"{name}\"");
            let monitor: Monitor = serde_json::from_str(&json).unwrap();
            assert_eq!(monitor.name(), name);
        }
    }
}
