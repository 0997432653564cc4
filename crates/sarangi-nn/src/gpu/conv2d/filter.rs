//! Filters between the layout in which they are trained and the one in which they are read.

use candle_core::{DType, Result, Tensor};

use crate::gpu::device::fresh;
use crate::gpu::launch::{Arg, Grid, counts, launch};

/// (out, in / groups, height, width) of f32 → (out, height · width · in / groups) of `dtype`.
pub(super) fn pack(filter: &Tensor, dtype: DType) -> Result<Tensor> {
    let (out, inputs, height, width) = filter.dims4()?;
    let filter = filter.detach().contiguous()?;
    let packed = fresh((out, height * width * inputs), dtype, filter.device())?;
    let [values, taps, inputs] = counts([filter.elem_count(), height * width, inputs])?;
    let args = [
        values,
        taps,
        inputs,
        Arg::Reads(&filter),
        Arg::Writes(&packed),
    ];
    let grid = Grid::over(filter.elem_count());
    launch("pack_filter", dtype, filter.device(), grid, &args)?;
    Ok(packed)
}

/// A gradient in the layout of reading → shaped like the filter, of f32.
pub(super) fn unpack(packed: &Tensor, filter: &Tensor) -> Result<Tensor> {
    let (_, inputs, height, width) = filter.dims4()?;
    let gradient = fresh(filter.shape(), DType::F32, packed.device())?;
    let [values, taps, inputs] = counts([filter.elem_count(), height * width, inputs])?;
    let args = [
        values,
        taps,
        inputs,
        Arg::Reads(packed),
        Arg::Writes(&gradient),
    ];
    let grid = Grid::over(filter.elem_count());
    launch(
        "unpack_filter",
        packed.dtype(),
        packed.device(),
        grid,
        &args,
    )?;
    Ok(gradient)
}
