//! Launches of kernels.

#[cfg(feature = "cuda")]
mod cuda;

use candle_core::{DType, Device, Result, Tensor, bail};

/// What a kernel is given.
#[cfg_attr(
    not(any(test, feature = "cuda")),
    allow(
        dead_code,
        reason = "nothing can be launched, so nobody reads what is given"
    )
)]
#[derive(Clone, Copy, Debug)]
pub(super) enum Arg<'a> {
    /// Memory that it reads.
    Reads(&'a Tensor),
    /// Memory that it writes, and may read.
    Writes(&'a Tensor),
    Count(u32),
    Number(f32),
}

/// The blocks of a launch, and the threads of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) blocks: [u32; 2],
    pub(super) threads: [u32; 2],
}

/// Threads of a block where nothing is said of them.
const THREADS: u32 = 256;
/// More blocks than any GPU runs at once: the threads go through what is left in a loop.
const BLOCKS: usize = 1 << 15;
/// The most values of a tensor: kernels count in 32 bits, and a step of the grid must not overflow.
const MOST: usize = 1 << 31;

impl Grid {
    /// A thread for each value, or for several.
    pub(super) fn over(values: usize) -> Self {
        let blocks = values.div_ceil(THREADS as usize).clamp(1, BLOCKS);
        Self {
            blocks: [blocks as u32, 1],
            threads: [THREADS, 1],
        }
    }
}

/// A number of values, for a kernel.
pub(super) fn count(values: usize) -> Result<Arg<'static>> {
    match values {
        0..=MOST => Ok(Arg::Count(values as u32)),
        _ => bail!(
            "a GPU's kernels take at most {MOST} values at once, got {values}; use a smaller batch"
        ),
    }
}

/// Numbers of values, for a kernel.
pub(super) fn counts<const N: usize>(values: [usize; N]) -> Result<[Arg<'static>; N]> {
    let mut all = [Arg::Count(0); N];
    for (arg, value) in all.iter_mut().zip(values) {
        *arg = count(value)?;
    }
    Ok(all)
}

/// Runs the kernel of this name, compiled for values of type `dtype`.
pub(super) fn launch(
    kernel: &'static str,
    dtype: DType,
    device: &Device,
    grid: Grid,
    args: &[Arg<'_>],
) -> Result<()> {
    if !matches!(dtype, DType::F32 | DType::BF16 | DType::F16) {
        bail!("{kernel}: no kernel for numbers of type {}", dtype.as_str());
    }
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => cuda::launch(kernel, dtype, device, grid, args),
        #[cfg(test)]
        Device::Cpu => super::emulator::launch(kernel, dtype, grid, args),
        _ => bail!(
            "{kernel}: a kernel for CUDA was given a tensor on another device: {args:?}, {grid:?}"
        ),
    }
}

/// The text of all kernels; a line that defines `T` goes above it.
#[cfg(feature = "cuda")]
const KERNELS: &str = concat!(
    include_str!("kernels/numbers.cu"),
    include_str!("kernels/pointwise.cu"),
    include_str!("kernels/norm.cu"),
    include_str!("kernels/pool.cu"),
    include_str!("kernels/conv.cu"),
    include_str!("kernels/optimiser.cu"),
);
