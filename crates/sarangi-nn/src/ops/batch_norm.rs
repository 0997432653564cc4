//! Batch normalisation (Ioffe and Szegedy 2015).

use candle_core::{Device, Tensor};
use sarangi_core::{During, Error, Result};

use crate::Share;
use crate::chain::{Chain, Norm};
use crate::composed;
use crate::gpu;
use crate::graph::Operation;
use crate::tensors;
use crate::value::{Value, View, untraceable};

const OP: &str = "batch_norm";

/// Normalises each channel by the batch's own mean and population variance, then scales by `gamma`
/// and shifts by `beta`; also returns that mean and the *unbiased* variance, for running
/// statistics. `torch.nn.functional.batch_norm(training=True)`.
///
/// # Shapes
/// `xs` (batch, channels) or (batch, channels, …), the others (channels); the result as `xs`, the
/// statistics (channels).
///
/// # Errors
/// [`Error::Shape`] if these do not fit, or a channel has fewer than two values;
/// [`Error::Backend`] if the device fails.
pub fn batch_norm_train(
    xs: &Value,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
) -> Result<(Value, Tensor, Tensor)> {
    train(xs, gamma, beta, eps, None)
}

/// [`batch_norm_train`] of one rank's share of a batch. Where the share is made
/// [with its ranks' statistics](Share::with_statistics_of), mean and variance, here and on the way
/// back, are those of the whole batch; `torch.nn.SyncBatchNorm`.
///
/// # Shapes
/// As [`batch_norm_train`].
///
/// # Errors
/// As [`batch_norm_train`]; [`Error::Cluster`] if a rank has ended, [`Error::Unsupported`] for shared
/// statistics on a device without kernels here.
pub fn batch_norm_shared(
    xs: &Value,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
    share: &Share,
) -> Result<(Value, Tensor, Tensor)> {
    train(xs, gamma, beta, eps, Some(share))
}

fn train(
    xs: &Value,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
    share: Option<&Share>,
) -> Result<(Value, Tensor, Tensor)> {
    let shared = share.is_some_and(Share::has_statistics);
    let channels = check(xs.dims(), &[gamma, beta])?;
    let count = xs.dims().iter().product::<usize>() / channels.max(1);
    if count < 2 && !shared {
        let got = format!("{:?}", xs.dims());
        return Err(Error::shape(
            OP,
            "at least two values per channel in training",
            got,
        ));
    }
    let xs = match xs.view() {
        View::Host(xs) => Chain::with_room_for_norm(xs),
        View::Gpu(xs) => {
            let (ys, mean, variance) = gpu::batch_norm_train(xs, gamma, beta, eps, share)?;
            return Ok((Value::gpu(ys), mean, variance));
        }
        View::Device(_) if shared => {
            return Err(Error::Unsupported {
                what: "batch norm with statistics of several ranks on this device".into(),
                feature: None,
            });
        }
        View::Device(xs) => {
            let (ys, mean, variance) =
                composed::batch_norm_train(xs, gamma, beta, eps).during(OP)?;
            return Ok((Value::device(ys), mean, variance));
        }
        View::Traced(_) => return Err(untraceable("batch_norm_train")),
    };
    let moments = xs.moments();
    let all = match share {
        Some(share) => share.moments(&moments, count)?,
        None => None,
    };
    let (moments, together) = match all {
        Some((moments, together)) => (moments.into(), Some(together)),
        None => (moments, None),
    };
    let count = together.as_ref().map_or(count as f64, |all| all.count);
    let bessel = count / (count - 1.0);
    let vector = |values: Vec<f32>| Tensor::from_vec(values, channels, &Device::Cpu).during(OP);
    let mean: Vec<f32> = moments.iter().map(|m| m.mean as f32).collect();
    let unbiased = moments
        .iter()
        .map(|m| (m.variance * bessel) as f32)
        .collect();
    let statistics = (vector(mean.clone())?, vector(unbiased)?);
    let norm = Norm {
        gamma: gamma.clone(),
        beta: beta.clone(),
        mean,
        deviation: moments
            .iter()
            .map(|m| (1.0 / (m.variance + eps).sqrt()) as f32)
            .collect(),
        of_batch: true,
        together,
    };
    let ys = Value::host(Chain::norm(&xs, norm)?);
    Ok((ys, statistics.0, statistics.1))
}

/// Normalises each channel by a given mean and variance, then scales by `gamma` and shifts by
/// `beta`; no gradient reaches the statistics. `torch.nn.functional.batch_norm(training=False)`.
///
/// # Shapes
/// `xs` (batch, channels) or (batch, channels, …), the others (channels); the result as `xs`.
///
/// # Errors
/// [`Error::Shape`] if these do not fit, [`Error::Backend`] if the device fails.
pub fn batch_norm_eval(
    xs: &Value,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    eps: f64,
) -> Result<Value> {
    check(xs.dims(), &[gamma, beta, mean, variance])?;
    let xs = match xs.view() {
        View::Host(xs) => Chain::with_room_for_norm(xs),
        View::Gpu(xs) => {
            let ys = gpu::batch_norm_eval(xs, gamma, beta, mean, variance, eps);
            return ys.map(Value::gpu);
        }
        View::Device(xs) => {
            let ys = composed::batch_norm_eval(xs, gamma, beta, mean, variance, eps);
            return ys.map(Value::device).during(OP);
        }
        View::Traced(xs) => {
            let operation = Operation::BatchNorm {
                gamma: xs.constant(gamma),
                beta: xs.constant(beta),
                mean: xs.constant(mean),
                variance: xs.constant(variance),
                eps,
            };
            return xs.then(operation, xs.dims().to_vec());
        }
    };
    let deviation = |v: &f32| (1.0 / (f64::from(*v) + eps).sqrt()) as f32;
    let norm = Norm {
        gamma: gamma.clone(),
        beta: beta.clone(),
        mean: tensors::read(mean, <[f32]>::to_vec).during(OP)?,
        deviation: tensors::read(variance, |v| v.iter().map(deviation).collect()).during(OP)?,
        of_batch: false,
        together: None,
    };
    Chain::norm(&xs, norm).map(Value::host)
}

fn check(xs: &[usize], per_channel: &[&Tensor]) -> Result<usize> {
    let [_, channels, ..] = *xs else {
        let got = format!("{xs:?}");
        return Err(Error::shape(OP, "an input (batch, channels, …)", got));
    };
    if let Some(wrong) = per_channel.iter().find(|t| t.dims() != [channels]) {
        let expected = format!("parameters and statistics of ({channels})");
        return Err(Error::shape(OP, expected, format!("{:?}", wrong.shape())));
    }
    Ok(channels)
}
