//! Pooling.

use candle_core::{DType, Result as CandleResult, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::device::fresh;
use super::launch::{Arg, Grid, count, launch};
use super::pointwise::back;
use crate::backward::GpuNode;
use crate::cpu::average_pool::AveragePool;
use crate::cpu::max_pool::MaxPool;
use crate::cpu::pictures::Pictures;
use crate::cpu::windows::Windows;

/// What the kernels are told of the windows: both axes, each input, output, kernel (0 if adaptive),
/// stride, padding, dilation.
fn windows(
    windows: &Windows,
    input: Pictures,
    output: Pictures,
) -> CandleResult<Vec<Arg<'static>>> {
    let sizes = [(input.height, output.height), (input.width, output.width)];
    let mut all = Vec::with_capacity(12);
    for (axis, (from, to)) in sizes.into_iter().enumerate() {
        let window = match windows {
            Windows::Moving(window) => [
                window.kernel[axis],
                window.stride[axis],
                window.padding[axis],
                window.dilation[axis],
            ],
            Windows::Adaptive => [0, 1, 0, 1],
        };
        for number in [from, to].into_iter().chain(window) {
            all.push(count(number)?);
        }
    }
    Ok(all)
}

/// Launches a kernel that goes through the values of `out`, which it writes last.
fn run(
    kernel: &'static str,
    out: &Tensor,
    of: Pictures,
    windows: &[Arg<'_>],
    rest: &[Arg<'_>],
) -> CandleResult<()> {
    let first = [count(of.len())?, count(of.channels)?];
    let args = [&first, windows, rest].concat();
    launch(
        kernel,
        out.dtype(),
        out.device(),
        Grid::over(of.len()),
        &args,
    )
}

fn memory(of: Pictures, dtype: DType, like: &Tensor) -> CandleResult<Tensor> {
    fresh((of.pixels(), of.channels), dtype, like.device())
}

/// The largest value under each window.
pub(crate) fn max_pool(xs: &Resident, pool: &MaxPool, op: &'static str) -> Result<Resident> {
    let (input, output) = (pool.input, pool.output);
    let windows = windows(&pool.windows, input, output).during(op)?;
    let x = xs.values();
    let forward = || {
        let y = memory(output, x.dtype(), x)?;
        let places = memory(output, DType::U32, x)?;
        let rest = [Arg::Reads(x), Arg::Writes(&y), Arg::Writes(&places)];
        run("max_pool", &y, output, &windows, &rest)?;
        Ok((y, places))
    };
    let (y, places) = forward().during(op)?;
    let node = back(xs, |parent| {
        GpuNode::new(move |dy: Tensor, flow| {
            let dx = memory(input, dy.dtype(), &dy).during(op)?;
            let rest = [Arg::Reads(&places), Arg::Reads(&dy), Arg::Writes(&dx)];
            run("max_pool_gradient", &dx, input, &windows, &rest).during(op)?;
            flow.give(&parent, dx);
            Ok(())
        })
    });
    Ok(Resident::result(dims(output), y, xs.tracked(), node))
}

/// The mean under each window.
pub(crate) fn average_pool(
    xs: &Resident,
    pool: &AveragePool,
    op: &'static str,
) -> Result<Resident> {
    let (input, output) = (pool.input, pool.output);
    let with_padding = Arg::Count(u32::from(pool.count_include_pad));
    let windows = windows(&pool.windows, input, output).during(op)?;
    let x = xs.values();
    let y = memory(output, x.dtype(), x).during(op)?;
    let rest = [with_padding, Arg::Reads(x), Arg::Writes(&y)];
    run("average_pool", &y, output, &windows, &rest).during(op)?;
    let node = back(xs, |parent| {
        GpuNode::new(move |dy: Tensor, flow| {
            let dx = memory(input, dy.dtype(), &dy).during(op)?;
            let rest = [with_padding, Arg::Reads(&dy), Arg::Writes(&dx)];
            run("average_pool_gradient", &dx, input, &windows, &rest).during(op)?;
            flow.give(&parent, dx);
            Ok(())
        })
    });
    Ok(Resident::result(dims(output), y, xs.tracked(), node))
}

fn dims(of: Pictures) -> Vec<usize> {
    vec![of.batch, of.channels, of.height, of.width]
}
