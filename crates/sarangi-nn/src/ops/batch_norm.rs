//! Batch normalisation (Ioffe and Szegedy 2015).

use candle_core::{CpuStorage, CustomOp3, Layout, Result as CandleResult, Shape, Tensor};
use sarangi_core::{During, Error, Result};

use super::slices;
use crate::composed;
use crate::cpu::batch_norm::{Moments, Norm};

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
    xs: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
) -> Result<(Tensor, Tensor, Tensor)> {
    let norm = check(xs, &[gamma, beta])?;
    if norm.count() < 2 {
        let got = format!("{:?}", xs.shape());
        return Err(Error::shape(
            OP,
            "at least two values per channel in training",
            got,
        ));
    }
    if !xs.device().is_cpu() {
        return composed::batch_norm_train(xs, gamma, beta, eps).during(OP);
    }
    (|| {
        let xs = xs.contiguous()?;
        let moments = slices::with(&xs, |x| norm.moments(x, eps))?;
        let bessel = norm.count() as f32 / (norm.count() - 1) as f32;
        let statistic = |value: fn(&Moments) -> f32, scale: f32| {
            let values: Vec<f32> = moments.iter().map(|m| value(m) * scale).collect();
            Tensor::from_vec(values, norm.channels, xs.device())
        };
        let mean = statistic(|m| m.mean, 1.0)?;
        let variance = statistic(|m| m.variance, bessel)?;
        let op = Op {
            norm,
            moments,
            batch_statistics: true,
        };
        let ys = xs.apply_op3(&gamma.contiguous()?, &beta.contiguous()?, op)?;
        Ok((ys, mean, variance))
    })()
    .during(OP)
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
    xs: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let norm = check(xs, &[gamma, beta, mean, variance])?;
    if !xs.device().is_cpu() {
        return composed::batch_norm_eval(xs, gamma, beta, mean, variance, eps).during(OP);
    }
    (|| {
        let (mean, variance) = (mean.to_vec1::<f32>()?, variance.to_vec1::<f32>()?);
        let moments = mean
            .iter()
            .zip(&variance)
            .map(|(&m, &v)| Moments::new(m, v, eps))
            .collect();
        let op = Op {
            norm,
            moments,
            batch_statistics: false,
        };
        xs.contiguous()?
            .apply_op3(&gamma.contiguous()?, &beta.contiguous()?, op)
    })()
    .during(OP)
}

fn check(xs: &Tensor, per_channel: &[&Tensor]) -> Result<Norm> {
    let [batch, channels, rest @ ..] = xs.dims() else {
        let got = format!("{:?}", xs.shape());
        return Err(Error::shape(OP, "an input (batch, channels, …)", got));
    };
    if let Some(wrong) = per_channel.iter().find(|t| t.dims() != [*channels]) {
        let expected = format!("parameters and statistics of ({channels})");
        return Err(Error::shape(OP, expected, format!("{:?}", wrong.shape())));
    }
    Ok(Norm {
        batch: *batch,
        channels: *channels,
        plane: rest.iter().product(),
    })
}

struct Op {
    norm: Norm,
    moments: Vec<Moments>,
    batch_statistics: bool,
}

impl CustomOp3 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        gamma: &CpuStorage,
        gamma_layout: &Layout,
        beta: &CpuStorage,
        beta_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let x = slices::of(xs, xs_layout)?;
        let gamma = slices::of(gamma, gamma_layout)?;
        let y = self
            .norm
            .forward(x, gamma, slices::of(beta, beta_layout)?, &self.moments);
        slices::result(y, xs_layout.shape())
    }

    fn bwd(
        &self,
        xs: &Tensor,
        gamma: &Tensor,
        beta: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dgamma, dbeta) = slices::with(xs, |x| {
            slices::with(dy, |dy| {
                slices::with(gamma, |gamma| {
                    self.norm
                        .backward(x, dy, gamma, &self.moments, self.batch_statistics)
                })
            })
        })???;
        Ok((
            Some(slices::like(dx, xs)?),
            Some(slices::like(dgamma, gamma)?),
            Some(slices::like(dbeta, beta)?),
        ))
    }
}
