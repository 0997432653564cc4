//! What training leaves as it is.

use serde::{Deserialize, Serialize};

/// How much of a network's base training leaves as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freeze {
    /// Everything is trained.
    #[default]
    Nothing,
    /// Weights are trained, but batch norms normalise by their running statistics and leave them as
    /// they are: Keras's base called with `training=False`.
    Statistics,
    /// Nothing of the base is trained, and its batch norms are in evaluation: Keras's
    /// `trainable=False`. No gradient of it is computed, so a step costs little more than a forward
    /// pass.
    Base,
}
