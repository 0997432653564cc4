//! The operations as compositions of the tensor library's, for devices that have no kernel here.
//!
//! Only operations whose gradients are right are used: of candle 0.11 that excludes its `conv2d`
//! with a stride (wrong output padding when height and width differ in parity), its pooling
//! (gradients off by the window's area, or at the wrong place on odd sizes) and its ReLU (gradient
//! 1 at 0). On the CPU the tests hold these compositions against the kernels.

use candle_core::{DType, Device, Result, Tensor};

use crate::cpu::conv::Conv;
use crate::cpu::pool::Pool;
use crate::ops::Geometry2d;

/// A sum over the filter's taps: the input under the tap, times the filter at the tap.
pub(crate) fn conv2d(
    xs: &Tensor,
    filter: &Tensor,
    bias: Option<&Tensor>,
    conv: &Conv,
) -> Result<Tensor> {
    let Conv {
        batch,
        in_channels,
        out_channels,
        groups,
        output,
        window,
        ..
    } = *conv;
    let pixels = output[0] * output[1];
    let padded = pad(xs, window.padding, 0.0)?;
    let mut sum: Option<Tensor> = None;
    for i in 0..window.kernel[0] {
        for j in 0..window.kernel[1] {
            let x = under_tap(&padded, [i, j], output, &window)?.reshape((
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
    let shape = (batch, out_channels, output[0], output[1]);
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
pub(crate) fn max_pool2d(xs: &Tensor, pool: &Pool) -> Result<Tensor> {
    let padded = pad(xs, pool.window.padding, f32::NEG_INFINITY)?;
    let mut taps = Vec::new();
    for i in 0..pool.window.kernel[0] {
        for j in 0..pool.window.kernel[1] {
            taps.push(under_tap(&padded, [i, j], pool.output, &pool.window)?);
        }
    }
    let taps = Tensor::stack(&taps, 4)?.contiguous()?;
    let best = taps.detach().argmax_keepdim(4)?;
    taps.gather(&best, 4)?.squeeze(4)
}

pub(crate) fn relu(xs: &Tensor) -> Result<Tensor> {
    let positive = xs.detach().gt(0.0)?.to_dtype(xs.dtype())?;
    xs * positive
}

pub(crate) fn linear(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    xs.matmul(&weight.t()?)?.broadcast_add(bias)
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

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;
    use proptest::prelude::*;
    use sarangi_core::{Rng, Seed};

    use crate::ops;

    fn random(rng: &mut Rng, shape: &[usize]) -> Var {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| rng.normal() as f32).collect();
        Var::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// Holds results and gradients of the kernel and of the composition against each other.
    fn agree(kernel: &Tensor, composition: &Tensor, variables: &[&Var], rng: &mut Rng) {
        assert_eq!(kernel.dims(), composition.dims());
        let weights = random(rng, kernel.dims());
        let gradients = [kernel, composition].map(|y| {
            (y * &*weights)
                .unwrap()
                .sum_all()
                .unwrap()
                .backward()
                .unwrap()
        });
        let mut pairs = vec![(kernel.clone(), composition.clone())];
        for variable in variables {
            let [a, b] = gradients
                .each_ref()
                .map(|g| g.get(variable).unwrap().clone());
            pairs.push((a, b));
        }
        for (a, b) in pairs {
            let [a, b] = [a, b].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            let peak = b.iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
            for (a, b) in a.iter().zip(&b) {
                assert!(
                    (a - b).abs() <= 1e-5 + 2e-5 * peak,
                    "{a} and {b}, peak {peak}"
                );
            }
        }
    }

    fn windows() -> impl Strategy<Value = Geometry2d> {
        let pair = |low: usize, high: usize| [low..=high, low..=high];
        (pair(1, 4), pair(1, 3), pair(0, 2), pair(1, 2)).prop_map(
            |(kernel, stride, padding, dilation)| Geometry2d {
                kernel,
                stride,
                padding,
                dilation,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn convolution_kernel_and_composition_agree(
            window in windows(),
            (batch, groups, per_group, out) in (1usize..4, 1usize..4, 1usize..3, 1usize..3),
            size in [1usize..12, 1usize..12],
            seed: u64,
        ) {
            prop_assume!(window.output("conv2d", size).is_ok());
            let mut rng = Seed(seed).named("conv");
            let x = random(&mut rng, &[batch, groups * per_group, size[0], size[1]]);
            let [kh, kw] = window.kernel;
            let w = random(&mut rng, &[groups * out, per_group, kh, kw]);
            let b = random(&mut rng, &[groups * out]);
            let kernel = ops::conv2d(&x, &w, Some(&b), window, groups).unwrap();
            let conv = Conv {
                batch,
                in_channels: groups * per_group,
                out_channels: groups * out,
                groups,
                input: size,
                output: window.output("conv2d", size).unwrap(),
                window,
            };
            let composition = conv2d(&x, &w, Some(&b), &conv).unwrap();
            agree(&kernel, &composition, &[&x, &w, &b], &mut rng);
        }

        #[test]
        fn pooling_kernel_and_composition_agree(
            window in windows(),
            planes in 1usize..4,
            size in [1usize..12, 1usize..12],
            seed: u64,
        ) {
            prop_assume!(window.output("max_pool2d", size).is_ok());
            prop_assume!((0..2).all(|i| window.padding[i] * 2 <= window.kernel[i]));
            // Every window must see the picture: with dilation it may lie in the padding alone.
            prop_assume!((0..2).all(|i| window.dilation[i] == 1 || window.padding[i] == 0));
            let mut rng = Seed(seed).named("pool");
            let x = random(&mut rng, &[1, planes, size[0], size[1]]);
            let x = Var::from_tensor(&x.round().unwrap()).unwrap();
            let kernel = ops::max_pool2d(&x, window).unwrap();
            let output = window.output("max_pool2d", size).unwrap();
            let composition = max_pool2d(&x, &Pool { planes, input: size, output, window }).unwrap();
            agree(&kernel, &composition, &[&x], &mut rng);
        }

        #[test]
        fn norm_kernel_and_composition_agree(
            (batch, channels, plane) in (2usize..5, 1usize..5, 1usize..40),
            seed: u64,
        ) {
            let mut rng = Seed(seed).named("norm");
            let x = random(&mut rng, &[batch, channels, plane]);
            let [gamma, beta, mean] = [(); 3].map(|()| random(&mut rng, &[channels]));
            let variance = Var::from_tensor(&(mean.sqr().unwrap() + 0.1).unwrap()).unwrap();
            let variables = [&x, &gamma, &beta];
            let (kernel, ..) = ops::batch_norm_train(&x, &gamma, &beta, 0.1).unwrap();
            let (composition, ..) = batch_norm_train(&x, &gamma, &beta, 0.1).unwrap();
            agree(&kernel, &composition, &variables, &mut rng);
            let kernel = ops::batch_norm_eval(&x, &gamma, &beta, &mean, &variance, 0.1).unwrap();
            let composition = batch_norm_eval(&x, &gamma, &beta, &mean, &variance, 0.1).unwrap();
            agree(&kernel, &composition, &variables, &mut rng);
        }
    }

    #[test]
    fn linear_and_relu_agree() {
        let mut rng = Seed(1).named("rest");
        let (x, w, b) = (
            random(&mut rng, &[4, 6]),
            random(&mut rng, &[3, 6]),
            random(&mut rng, &[3]),
        );
        let kernel = ops::linear(&x, &w, &b).unwrap();
        agree(
            &kernel,
            &linear(&x, &w, &b).unwrap(),
            &[&x, &w, &b],
            &mut rng,
        );
        agree(&ops::relu(&x).unwrap(), &relu(&x).unwrap(), &[&x], &mut rng);
    }
}
