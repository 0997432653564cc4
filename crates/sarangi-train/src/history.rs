//! What happened in each epoch.

use sarangi_eval::EpochPoint;
use serde::{Deserialize, Serialize};

/// One line of `history.jsonl`. It holds nothing that depends on the machine, so that two runs of
/// one recipe have the same history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Its learning rate.
    pub lr: f64,
    /// The mean loss over the training chunks, with dropout, while the weights moved.
    pub train_loss: f64,
    /// The share of training chunks that were right, likewise.
    pub train_accuracy: f64,
    /// The mean loss over the validation chunks after the epoch; none without validation.
    pub valid_loss: Option<f64>,
    /// The share of validation chunks that are right after the epoch.
    pub valid_accuracy: Option<f64>,
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
        if self.best {
            line += "  best";
        }
        line
    }

    /// What decides which epoch is best: the validation loss, or the training loss where nothing
    /// validates.
    pub(crate) fn decisive_loss(&self) -> f64 {
        self.valid_loss.unwrap_or(self.train_loss)
    }
}
