//! How exactly a run computes.

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};

/// The numbers that a run computes with.
///
/// Weights, moments, losses and files are f32 in any case, and so are the sums of products. Half
/// precision is for devices that are faster by it, which is CUDA's; where there are no kernels of it
/// f32 is computed, and the run says so. Validation and test are computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Single precision whose products have factors of 10 bits, on a GPU that multiplies them faster.
    Tf32,
    /// Half precision of f32's range.
    Bf16,
    /// Half precision of a small range, behind a [`GradScaler`](crate::GradScaler).
    F16,
}

impl Precision {
    /// The type in which a network stores what its layers give while it is trained.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::F32 | Self::Tf32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// What a run on this device should know of it: nothing where it is computed as asked for.
    pub(crate) fn warning(self, device: &Device) -> Option<String> {
        let name = match self {
            Self::F32 => return None,
            _ if device.is_cuda() => return None,
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        };
        Some(format!(
            "precision {name}: there are no kernels of it for this device; f32 is computed"
        ))
    }
}
