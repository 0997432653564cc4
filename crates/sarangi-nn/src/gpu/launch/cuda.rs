//! Launches on a CUDA device.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use candle_core::cuda_backend::cudarc::driver::{DevicePtr, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::cuda_backend::{CudaDevice, CudaStorageSlice};
use candle_core::{DType, Error, Result, Storage, Tensor, bail};

use super::{Arg, Grid, KERNELS};

/// Runs a kernel on the device's stream.
pub(super) fn launch(
    kernel: &'static str,
    dtype: DType,
    device: &CudaDevice,
    grid: Grid,
    args: &[Arg<'_>],
) -> Result<()> {
    let (module, ptx) = module(dtype)?;
    let function = device.get_or_load_custom_func(kernel, module, ptx)?;
    let pointers = args
        .iter()
        .map(|arg| match arg {
            Arg::Reads(tensor) | Arg::Writes(tensor) => pointer(tensor, device).map(Some),
            Arg::Count(_) | Arg::Number(_) => Ok(None),
        })
        .collect::<Result<Vec<_>>>()?;
    let mut builder = function.builder();
    for (arg, pointer) in args.iter().zip(&pointers) {
        match (arg, pointer) {
            (Arg::Count(count), _) => builder.arg(count),
            (Arg::Number(number), _) => builder.arg(number),
            (_, Some(pointer)) => builder.arg(pointer),
            (_, None) => bail!("{kernel}: an argument without memory"),
        };
    }
    let config = LaunchConfig {
        grid_dim: (grid.blocks[0], grid.blocks[1], 1),
        block_dim: (grid.threads[0], grid.threads[1], 1),
        shared_mem_bytes: 0,
    };
    // SAFETY: the arguments are those of the kernel's text, which the tests run with the same
    // launches; the memory is as large as the counts among them say, and lives until what is queued
    // on the device's one stream has run, since it is freed on that stream.
    #[allow(unsafe_code, reason = "a kernel's arguments cannot be checked")]
    unsafe { builder.launch(config) }.map_err(Error::wrap)?;
    Ok(())
}

/// Where the values of a tensor begin.
fn pointer(tensor: &Tensor, device: &CudaDevice) -> Result<u64> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cuda(storage), true) = (&*storage, layout.is_contiguous()) else {
        bail!("a kernel was given a tensor that is not contiguous, or on another device");
    };
    let stream = device.cuda_stream();
    let (start, width) = match &storage.slice {
        CudaStorageSlice::F32(slice) => (slice.device_ptr(&stream).0, 4),
        CudaStorageSlice::U32(slice) => (slice.device_ptr(&stream).0, 4),
        CudaStorageSlice::BF16(slice) => (slice.device_ptr(&stream).0, 2),
        CudaStorageSlice::F16(slice) => (slice.device_ptr(&stream).0, 2),
        _ => bail!(
            "no kernel takes numbers of type {}",
            tensor.dtype().as_str()
        ),
    };
    Ok(start + (layout.start_offset() * width) as u64)
}

/// The kernels for values of one type: compiled once in a program, for whatever GPU there is.
fn module(dtype: DType) -> Result<(&'static str, &'static str)> {
    static COMPILED: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
    let (name, values) = match dtype {
        DType::BF16 => ("sarangi_bf16", "bf16"),
        DType::F16 => ("sarangi_f16", "f16"),
        _ => ("sarangi_f32", "float"),
    };
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ptx) = compiled.get(name) {
        return Ok((name, ptx));
    }
    let options = CompileOptions {
        // Products and sums are rounded together, as on the CPU.
        fmad: Some(true),
        options: vec!["--std=c++17".to_owned()],
        ..CompileOptions::default()
    };
    let text = format!("#define T {values}\n{KERNELS}");
    // Three texts at most, which every launch reads until the program ends.
    let ptx: &'static str = compile_ptx_with_opts(text, options)
        .map_err(|e| Error::Msg(format!("the kernels could not be compiled: {e}")))?
        .to_src()
        .leak();
    compiled.insert(name, ptx);
    Ok((name, ptx))
}
