//! What happened in each epoch.

use sarangi_eval::{EpochPoint, Evaluation, Scores};
use serde::{Deserialize, Serialize};

/// One line of `history.jsonl`. It holds nothing that depends on the machine, so that two runs of
/// one recipe have the same history. Fields that a line of an earlier version lacks are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The learning rate of its first step.
    pub lr: f64,
    /// The learning rate of its last step.
    #[serde(default)]
    pub lr_end: Option<f64>,
    /// The mean loss over the training chunks, with dropout, while the weights moved.
    pub train_loss: f64,
    /// The share of training chunks that were right, likewise.
    pub train_accuracy: f64,
    /// The mean cross-entropy of the validation chunks after the epoch; none without validation.
    pub valid_loss: Option<f64>,
    /// The share of validation chunks that are right after the epoch.
    pub valid_accuracy: Option<f64>,
    /// The mean recall of the classes over the validation chunks.
    #[serde(default)]
    pub valid_balanced_accuracy: Option<f64>,
    /// The mean F1 of the classes over the validation chunks.
    #[serde(default)]
    pub valid_macro_f1: Option<f64>,
    /// The share of validation tracks that are right.
    #[serde(default)]
    pub valid_track_accuracy: Option<f64>,
    /// Steps that were left out because a gradient was not finite; none where that ends the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_steps: Option<usize>,
    /// Whether this is the best epoch so far, which `model.safetensors` holds.
    pub best: bool,
}

impl EpochRecord {
    /// The epoch as a point of the curves.
    pub fn point(&self) -> EpochPoint {
        EpochPoint {
            epoch: self.epoch,
            train_loss: self.train_loss,
            valid_loss: self.valid_loss,
            train_accuracy: self.train_accuracy,
            valid_accuracy: self.valid_accuracy,
        }
    }

    /// The epoch in one line for people.
    pub fn line(&self, last: usize) -> String {
        let Self {
            epoch,
            train_loss,
            train_accuracy,
            ..
        } = self;
        let mut line = format!(
            "epoch {epoch:>width$}/{last}  training loss {train_loss:.4} accuracy {:.1} %",
            100.0 * train_accuracy,
            width = last.to_string().len(),
        );
        if let (Some(loss), Some(accuracy)) = (self.valid_loss, self.valid_accuracy) {
            line += &format!(
                "  validation loss {loss:.4} accuracy {:.1} %",
                100.0 * accuracy
            );
        }
        if let Some(skipped) = self.skipped_steps.filter(|&skipped| skipped > 0) {
            line += &format!("  {skipped} steps skipped");
        }
        if self.best {
            line += "  best";
        }
        line
    }

    /// Takes over what the validation part says of the epoch.
    pub(crate) fn validated(&mut self, loss: f64, evaluation: &Evaluation) {
        let Scores {
            accuracy,
            balanced_accuracy,
            macro_average,
            ..
        } = &evaluation.chunk;
        self.valid_loss = Some(loss);
        self.valid_accuracy = Some(*accuracy);
        self.valid_balanced_accuracy = Some(*balanced_accuracy);
        self.valid_macro_f1 = Some(macro_average.f1);
        self.valid_track_accuracy = Some(evaluation.track.accuracy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_an_earlier_version_is_read() {
        let line = r#"{"epoch":1,"lr":0.001,"train_loss":0.5,"train_accuracy":0.75,
            "valid_loss":null,"valid_accuracy":null,"best":true}"#;
        let record: EpochRecord = serde_json::from_str(line).unwrap();
        let expected = EpochRecord {
            epoch: 1,
            lr: 0.001,
            train_loss: 0.5,
            train_accuracy: 0.75,
            best: true,
            ..EpochRecord::default()
        };
        assert_eq!(record, expected);
    }
}
