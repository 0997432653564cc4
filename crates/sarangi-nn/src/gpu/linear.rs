//! The fully connected layer: products of matrices by the tensor library, which has them from cuBLAS.

use candle_core::{DType, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::norm::channel_sums;
use super::pointwise::add_bias;
use super::resident::records;
use crate::backward::GpuNode;

/// `xs · weightᵀ + bias`, in the precision of `xs`.
pub(crate) fn linear(
    xs: &Resident,
    weight: &Tensor,
    bias: Option<&Tensor>,
    op: &'static str,
) -> Result<Resident> {
    let x = xs.values();
    let forward = || {
        let w = weight.detach().to_dtype(x.dtype())?;
        let y = x.matmul(&w.t()?)?;
        if let Some(bias) = bias {
            add_bias(&y, bias)?;
        }
        Ok((w, y))
    };
    let (w, y) = forward().during(op)?;
    let dims = vec![xs.dims()[0], weight.dims()[0]];
    let node = records(&[xs], [weight].into_iter().chain(bias)).then(|| {
        let (x, parent) = (x.clone(), xs.node().cloned());
        let (weight, bias) = (weight.clone(), bias.cloned());
        GpuNode::new(move |dy: Tensor, flow| {
            if weight.is_variable() {
                let dw = dy.t().and_then(|dy| dy.matmul(&x)?.to_dtype(DType::F32));
                flow.parameter(&weight, dw.during(op)?);
            }
            if let Some(bias) = bias.filter(Tensor::is_variable) {
                flow.parameter(&bias, channel_sums(&dy).during(op)?);
            }
            if let Some(parent) = &parent {
                flow.give(parent, dy.matmul(&w).during(op)?);
            }
            Ok(())
        })
    });
    Ok(Resident::result(dims, y, xs.tracked(), node))
}
