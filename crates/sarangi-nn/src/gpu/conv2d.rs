//! Convolution: by cuDNN where it is built in, else by products of matrices and, for groups, by
//! kernels of our own.

#[cfg(feature = "cudnn")]
mod cudnn;
mod filter;
mod unfolded;

use candle_core::{Result as CandleResult, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::norm::channel_sums;
use super::pointwise::add_bias;
use super::resident::records;
use crate::backward::GpuNode;
use crate::cpu::conv2d::Conv;

/// One of the three passes of a convolution. All tensors are channels last: pictures (pixels,
/// channels), filters (out, kernel height · kernel width · in / groups).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Pass {
    /// From x and the filter to y.
    Forward,
    /// From dy and the filter to dx.
    Data,
    /// From x and dy to the filter's gradient.
    Filter,
}

/// Runs a pass on its two inputs.
fn run(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> CandleResult<Tensor> {
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    #[cfg(feature = "cudnn")]
    if a.device().is_cuda() {
        return cudnn::run(pass, conv, &a, &b);
    }
    unfolded::run(pass, conv, &a, &b)
}

/// A convolution in the precision of `xs`.
pub(crate) fn conv2d(
    xs: &Resident,
    filter: &Tensor,
    bias: Option<&Tensor>,
    conv: Conv,
    op: &'static str,
) -> Result<Resident> {
    let x = xs.values();
    let forward = || {
        let packed = filter::pack(filter, x.dtype())?;
        let y = run(Pass::Forward, &conv, x, &packed)?;
        if let Some(bias) = bias {
            add_bias(&y, bias)?;
        }
        Ok((packed, y))
    };
    let (packed, y) = forward().during(op)?;
    let node = records(&[xs], [filter].into_iter().chain(bias)).then(|| {
        let (x, parent) = (x.clone(), xs.node().cloned());
        let (filter, bias) = (filter.clone(), bias.cloned());
        GpuNode::new(move |dy: Tensor, flow| {
            if filter.is_variable() {
                let gradient = run(Pass::Filter, &conv, &x, &dy);
                let gradient = gradient.and_then(|packed| filter::unpack(&packed, &filter));
                flow.parameter(&filter, gradient.during(op)?);
            }
            if let Some(bias) = bias.filter(Tensor::is_variable) {
                flow.parameter(&bias, channel_sums(&dy).during(op)?);
            }
            drop(x);
            if let Some(parent) = &parent {
                flow.give(parent, run(Pass::Data, &conv, &dy, &packed).during(op)?);
            }
            Ok(())
        })
    });
    let of = conv.output;
    let dims = vec![of.batch, of.channels, of.height, of.width];
    Ok(Resident::result(dims, y, xs.tracked(), node))
}

/// Memory for the result of a pass.
fn result(pass: Pass, conv: &Conv, like: &Tensor) -> CandleResult<Tensor> {
    super::device::fresh(shape(pass, conv), like.dtype(), like.device())
}

/// The rows and columns of the result of a pass.
fn shape(pass: Pass, conv: &Conv) -> (usize, usize) {
    match pass {
        Pass::Forward => (conv.output.pixels(), conv.output.channels),
        Pass::Data => (conv.input.pixels(), conv.input.channels),
        Pass::Filter => {
            let [height, width] = conv.window.kernel;
            let row = height * width * conv.input.channels / conv.groups;
            (conv.output.channels, row)
        }
    }
}
