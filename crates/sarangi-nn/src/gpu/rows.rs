//! Probabilities of classes, and losses. These are of few numbers: f32 whatever the network's
//! precision is.

use candle_core::{DType, Device, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::pointwise::{back, follow};
use crate::backward::GpuNode;
use crate::composed;

/// The logarithm of the softmax.
pub(crate) fn log_softmax(xs: &Resident, op: &'static str) -> Result<Resident> {
    by_row(xs, op, composed::log_softmax, |y, dy| {
        dy - y.exp()?.broadcast_mul(&dy.sum_keepdim(1)?)?
    })
}

/// The softmax.
pub(crate) fn softmax(xs: &Resident, op: &'static str) -> Result<Resident> {
    let forward = |x: &Tensor| composed::log_softmax(x)?.exp();
    by_row(xs, op, forward, |y, dy| {
        let mean = (y * dy)?.sum_keepdim(1)?;
        y * dy.broadcast_sub(&mean)?
    })
}

fn by_row(
    xs: &Resident,
    op: &'static str,
    forward: impl Fn(&Tensor) -> candle_core::Result<Tensor>,
    backward: impl Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor> + Send + 'static,
) -> Result<Resident> {
    let xs = xs.to_dtype(DType::F32).during(op)?;
    let y = forward(xs.values()).during(op)?;
    let node = back(&xs, |parent| {
        let y = y.clone();
        GpuNode::new(move |dy: Tensor, flow| {
            flow.give(&parent, backward(&y, &dy).during(op)?);
            Ok(())
        })
    });
    Ok(follow(&xs, y, node))
}

/// A loss that `each` finds on the CPU: it turns the logits, in rows, into their gradient.
pub(crate) fn loss_by_row(
    logits: &Resident,
    op: &'static str,
    each: impl FnOnce(&mut [f32]) -> f32,
) -> Result<Resident> {
    let logits = logits.to_dtype(DType::F32).during(op)?;
    let x = logits.values();
    let mut gradient = x
        .flatten_all()
        .and_then(|x| x.to_vec1::<f32>())
        .during(op)?;
    let loss = each(&mut gradient);
    let upload = |values: Vec<f32>, shape: [usize; 2]| {
        Tensor::from_vec(values, &shape[..], &Device::Cpu)?.to_device(x.device())
    };
    let node = match back(&logits, |parent| parent) {
        None => None,
        Some(parent) => {
            let shape = [x.dims()[0], x.dims()[1]];
            let slope = upload(gradient, shape).during(op)?;
            Some(GpuNode::new(move |dy: Tensor, flow| {
                flow.give(&parent, slope.broadcast_mul(&dy).during(op)?);
                Ok(())
            }))
        }
    };
    let loss = upload(vec![loss], [1, 1]).during(op)?;
    Ok(Resident::result(Vec::new(), loss, logits.tracked(), node))
}
