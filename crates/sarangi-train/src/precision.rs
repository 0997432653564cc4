//! How exactly a run computes.

use serde::{Deserialize, Serialize};

/// The numbers that a run computes with.
///
/// Weights, moments, losses and files are f32 in any case. Half precision is for devices that are
/// faster by it; where there are no kernels of it f32 is computed, and the run says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Half precision of f32's range.
    Bf16,
    /// Half precision of a small range, behind a [`GradScaler`](crate::GradScaler).
    F16,
}

impl Precision {
    /// What a run should know of it: none for f32.
    pub(crate) fn warning(self) -> Option<String> {
        let name = match self {
            Self::F32 => return None,
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        };
        Some(format!(
            "precision {name}: there are no kernels of it for this device; f32 is computed"
        ))
    }
}
