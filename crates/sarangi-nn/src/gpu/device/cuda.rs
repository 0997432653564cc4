//! What is set on a CUDA device before it is used.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::driver::sys;
use candle_core::{Error, Result};

/// Once for each device: freed memory stays with the program, since giving it back to the driver and
/// asking for it again takes longer than a small kernel; and no events are recorded for tensors,
/// since there is one stream.
pub(super) fn prepare(device: &CudaDevice) -> Result<()> {
    static READY: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
    let stream = device.cuda_stream();
    let number = stream.context().ordinal();
    let place = stream.cu_stream() as usize;
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    if !ready.insert(place) {
        return Ok(());
    }
    let mut pool = std::ptr::null_mut();
    let mut most = u64::MAX;
    #[allow(unsafe_code, reason = "the driver's own calls")]
    // SAFETY: the pool is the device's own, and the attribute is read as a number of 64 bits before
    // the call returns.
    unsafe {
        sys::cuDeviceGetDefaultMemPool(&raw mut pool, number as i32)
            .result()
            .map_err(Error::wrap)?;
        sys::cuMemPoolSetAttribute(
            pool,
            sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
            (&raw mut most).cast(),
        )
        .result()
        .map_err(Error::wrap)?;
    }
    #[allow(
        unsafe_code,
        reason = "two events for each tensor cost more than a small kernel"
    )]
    // SAFETY: every tensor of the device is made, used and freed on its one stream, in order.
    unsafe {
        device.disable_event_tracking();
    }
    Ok(())
}
