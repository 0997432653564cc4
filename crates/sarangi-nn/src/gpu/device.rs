//! Which devices the engine serves, and memory on them.

use candle_core::{DType, Device, Result, Shape, Tensor};

#[cfg(feature = "cuda")]
mod cuda;

/// Whether values on this device are this engine's.
pub(crate) fn serves(device: &Device) -> bool {
    device.is_cuda()
}

/// Whether products of f32 may take factors of 10 bits, on GPUs that multiply these faster:
/// `torch.backends.cuda.matmul.allow_tf32` and `torch.backends.cudnn.allow_tf32`. They may not at
/// first. It is of no account elsewhere, and holds for the whole program.
pub fn allow_tf32(allow: bool) {
    #[cfg(feature = "cuda")]
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(allow);
    #[cfg(not(feature = "cuda"))]
    let _ = allow;
}

/// Makes a device ready for the engine's way of using it.
pub(super) fn prepare(device: &Device) -> Result<()> {
    #[cfg(feature = "cuda")]
    if let Device::Cuda(device) = device {
        return cuda::prepare(device);
    }
    let _ = device;
    Ok(())
}

/// Memory that a kernel fills whole.
pub(super) fn fresh(shape: impl Into<Shape>, dtype: DType, device: &Device) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if device.is_cuda() {
        #[allow(
            unsafe_code,
            reason = "filling memory that is written over takes a pass"
        )]
        // SAFETY: every value is written by the launch that follows, on the same stream as whatever
        // reads it; numbers of any bits are valid.
        return unsafe { Tensor::empty(shape, dtype, device) };
    }
    Tensor::zeros(shape, dtype, device)
}
