//! The operations as compositions of the tensor library's, for devices that have no kernel here.
//!
//! Only operations whose gradients are right are used: of candle 0.11 that excludes its `conv2d`
//! with a stride (wrong output padding when height and width differ in parity), its pooling
//! (gradients off by the window's area, or at the wrong place on odd sizes) and its ReLU (gradient
//! 1 at 0). The tests hold these compositions against the kernels.

use candle_core::{D, DType, Device, Result, Tensor};

use crate::cpu::average_pool::AveragePool;
use crate::cpu::conv2d::Conv;
use crate::cpu::map::Activation;
use crate::cpu::max_pool::MaxPool;
use crate::cpu::pictures::Pictures;
use crate::cpu::resize::Resize;
use crate::cpu::windows::Windows;
use crate::geometry::Geometry2d;

/// A sum over the filter's taps: the input under the tap, times the filter at the tap.
pub(crate) fn conv2d(
    xs: &Tensor,
    filter: &Tensor,
    bias: Option<&Tensor>,
    conv: &Conv,
) -> Result<Tensor> {
    let Conv {
        input,
        output,
        window,
        groups,
    } = *conv;
    let (batch, in_channels, out_channels) = (input.batch, input.channels, output.channels);
    let size = [output.height, output.width];
    let pixels = size[0] * size[1];
    let padded = pad(xs, window.padding, 0.0)?;
    let mut sum: Option<Tensor> = None;
    for i in 0..window.kernel[0] {
        for j in 0..window.kernel[1] {
            let x = under_tap(&padded, [i, j], size, &window)?.reshape((
                batch,
                groups,
                in_channels / groups,
                pixels,
            ))?;
            let w = filter
                .narrow(2, i, 1)?
                .narrow(3, j, 1)?
                .contiguous()?
                .reshape((1, groups, out_channels / groups, in_channels / groups))?;
            let term = w.broadcast_matmul(&x)?;
            sum = Some(match sum {
                Some(sum) => (sum + term)?,
                None => term,
            });
        }
    }
    let shape = (batch, out_channels, size[0], size[1]);
    let sum = match sum {
        Some(sum) => sum.reshape(shape)?,
        None => Tensor::zeros(shape, DType::F32, xs.device())?,
    };
    match bias {
        Some(bias) => sum.broadcast_add(&bias.reshape((1, out_channels, 1, 1))?),
        None => Ok(sum),
    }
}

/// The largest of the inputs under the taps, chosen by index so that ties go to the first.
pub(crate) fn max_pool2d(xs: &Tensor, pool: &MaxPool) -> Result<Tensor> {
    let largest = |taps: Tensor| {
        let taps = taps.contiguous()?;
        taps.gather(&taps.detach().argmax_keepdim(D::Minus1)?, D::Minus1)
    };
    match &pool.windows {
        Windows::Moving(window) => {
            largest(taps(xs, pool.output, window, f32::NEG_INFINITY)?)?.squeeze(4)
        }
        Windows::Adaptive => by_window(xs, pool.input, pool.output, largest),
    }
}

/// The sum over the taps, divided by how many of them count.
pub(crate) fn avg_pool2d(xs: &Tensor, pool: &AveragePool) -> Result<Tensor> {
    let (input, output) = (pool.input, pool.output);
    let window = match &pool.windows {
        Windows::Moving(window) => window,
        Windows::Adaptive => return by_window(xs, input, output, |taps| taps.mean_keepdim(2)),
    };
    let sum = taps(xs, output, window, 0.0)?.sum(4)?;
    if pool.count_include_pad {
        return sum / (window.kernel[0] * window.kernel[1]) as f64;
    }
    let ones = Tensor::ones((1, 1, input.height, input.width), DType::F32, xs.device())?;
    sum.broadcast_div(&taps(&ones, output, window, 0.0)?.sum(4)?)
}

/// Reduces each window of an adaptive pooling, (batch, channels, taps) → (batch, channels, 1).
fn by_window(
    xs: &Tensor,
    input: Pictures,
    output: Pictures,
    reduce: impl Fn(Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let range = |i: usize, from: usize, to: usize| {
        let start = i * from / to;
        (start, ((i + 1) * from).div_ceil(to) - start)
    };
    let mut windows = Vec::with_capacity(output.height * output.width);
    for y in 0..output.height {
        let (top, height) = range(y, input.height, output.height);
        for x in 0..output.width {
            let (left, width) = range(x, input.width, output.width);
            let window = xs.narrow(2, top, height)?.narrow(3, left, width)?;
            windows.push(reduce(window.flatten_from(2)?)?);
        }
    }
    let shape = (output.batch, output.channels, output.height, output.width);
    Tensor::cat(&windows, 2)?.reshape(shape)
}

/// All inputs under all taps, (batch, channels, height′, width′, taps).
fn taps(xs: &Tensor, output: Pictures, window: &Geometry2d, padding: f32) -> Result<Tensor> {
    let padded = pad(xs, window.padding, padding)?;
    let size = [output.height, output.width];
    let mut taps = Vec::with_capacity(window.kernel[0] * window.kernel[1]);
    for i in 0..window.kernel[0] {
        for j in 0..window.kernel[1] {
            taps.push(under_tap(&padded, [i, j], size, window)?);
        }
    }
    Tensor::stack(&taps, 4)?.contiguous()
}

/// The value where it lies inside the interval, its ends elsewhere, with gradient 0 on the ends.
/// What is not a number stays so.
pub(crate) fn clamp(xs: &Tensor, activation: Activation) -> Result<Tensor> {
    let (low, high) = (activation.low, activation.high);
    let fixed = xs.detach();
    let all = |value: f32| Tensor::full(value, xs.shape(), xs.device());
    let mut ys = xs.clone();
    if low.is_finite() {
        ys = fixed.le(low)?.where_cond(&all(low)?, &ys)?;
    }
    if high.is_finite() {
        ys = fixed.ge(high)?.where_cond(&all(high)?, &ys)?;
    }
    Ok(ys)
}

/// The logistic function by the hyperbolic tangent, which overflows nowhere.
pub(crate) fn sigmoid(xs: &Tensor) -> Result<Tensor> {
    ((xs * 0.5)?.tanh()? + 1.0)? * 0.5
}

/// The peak is taken off first, so that nothing overflows.
pub(crate) fn log_softmax(xs: &Tensor) -> Result<Tensor> {
    let below = xs.broadcast_sub(&xs.detach().max_keepdim(D::Minus1)?)?;
    below.broadcast_sub(&below.exp()?.sum_keepdim(D::Minus1)?.log()?)
}

/// Two matrix products, one for each axis, with the shares that each pixel takes of its neighbours.
pub(crate) fn resize_bilinear(xs: &Tensor, resize: &Resize) -> Result<Tensor> {
    let Resize {
        input,
        output,
        align_corners,
    } = *resize;
    let shares = |from: usize, to: usize| {
        let mut shares = vec![0.0f32; to * from];
        for (i, row) in shares.chunks_exact_mut(from).enumerate() {
            let place = match align_corners {
                true if to > 1 => i as f64 * (from - 1) as f64 / (to - 1) as f64,
                true => 0.0,
                false => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
            };
            let low = (place as usize).min(from - 1);
            let high = (low + 1).min(from - 1);
            let share = (place - low as f64) as f32;
            row[low] += 1.0 - share;
            row[high] += share;
        }
        Tensor::from_vec(shares, (to, from), &Device::Cpu)?.to_device(xs.device())
    };
    let rows = shares(input.height, output.height)?;
    let columns = shares(input.width, output.width)?.t()?;
    rows.broadcast_matmul(&xs.broadcast_matmul(&columns)?)
}

pub(crate) fn linear(xs: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let ys = xs.matmul(&weight.t()?)?;
    match bias {
        Some(bias) => ys.broadcast_add(bias),
        None => Ok(ys),
    }
}

pub(crate) fn batch_norm_train(
    xs: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    let by_channel = xs.transpose(0, 1)?.flatten_from(1)?;
    let count = by_channel.dim(1)?;
    let mean = by_channel.mean(1)?;
    let centred = by_channel.broadcast_sub(&mean.unsqueeze(1)?)?;
    let variance = centred.sqr()?.mean(1)?;
    let ys = affine(xs, gamma, beta, &mean, &variance, eps)?;
    let unbiased = (variance.detach() * (count as f64 / (count - 1) as f64))?;
    Ok((ys, mean.detach(), unbiased))
}

pub(crate) fn batch_norm_eval(
    xs: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    affine(xs, gamma, beta, &mean.detach(), &variance.detach(), eps)
}

fn affine(
    xs: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let mut shape = vec![1; xs.rank()];
    shape[1] = xs.dim(1)?;
    let scale = (gamma / (variance + eps)?.sqrt()?)?;
    xs.broadcast_sub(&mean.reshape(shape.as_slice())?)?
        .broadcast_mul(&scale.reshape(shape.as_slice())?)?
        .broadcast_add(&beta.reshape(shape)?)
}

/// Adds a margin of `value` on all four sides.
fn pad(xs: &Tensor, [vertical, horizontal]: [usize; 2], value: f32) -> Result<Tensor> {
    let mut padded = xs.clone();
    for (axis, margin) in [(2, vertical), (3, horizontal)] {
        if margin > 0 {
            let mut shape = padded.dims().to_vec();
            shape[axis] = margin;
            let edge = Tensor::full(value, shape, xs.device())?;
            padded = Tensor::cat(&[&edge, &padded, &edge], axis)?;
        }
    }
    Ok(padded)
}

/// The padded input's pixels under one tap of the window, one for each output.
fn under_tap(
    padded: &Tensor,
    tap: [usize; 2],
    output: [usize; 2],
    window: &Geometry2d,
) -> Result<Tensor> {
    let mut picked = padded.clone();
    for axis in 0..2 {
        let first = tap[axis] * window.dilation[axis];
        let places: Vec<u32> = (0..output[axis])
            .map(|out| (first + out * window.stride[axis]) as u32)
            .collect();
        let places = Tensor::from_vec(places, output[axis], &Device::Cpu)?;
        picked = picked.index_select(&places.to_device(padded.device())?, axis + 2)?;
    }
    picked.contiguous()
}
