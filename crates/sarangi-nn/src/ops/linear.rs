//! The fully connected layer.

use candle_core::{CpuStorage, CustomOp3, Layout, Result as CandleResult, Shape, Tensor};
use sarangi_core::{During, Error, Result};

use super::slices;
use crate::composed;
use crate::cpu::linear::Dense;

const OP: &str = "linear";

/// `xs · weightᵀ + bias`, `torch.nn.functional.linear`.
///
/// # Shapes
/// `xs` (batch, in), `weight` (out, in), `bias` (out); the result is (batch, out).
///
/// # Errors
/// [`Error::Shape`] if these do not fit each other, [`Error::Backend`] if the device fails.
pub fn linear(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (&[batch, inputs], &[outputs, columns]) = (xs.dims(), weight.dims()) else {
        let got = format!("{:?} and {:?}", xs.shape(), weight.shape());
        return Err(Error::shape(OP, "(batch, in) and a weight (out, in)", got));
    };
    if columns != inputs || bias.dims() != [outputs] {
        let expected = format!("a weight (out, {inputs}) and a bias (out)");
        let got = format!("{:?} and {:?}", weight.shape(), bias.shape());
        return Err(Error::shape(OP, expected, got));
    }
    if !xs.device().is_cpu() {
        return composed::linear(xs, weight, bias).during(OP);
    }
    (|| {
        let op = Op(Dense {
            batch,
            inputs,
            outputs,
        });
        xs.contiguous()?
            .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
    })()
    .during(OP)
}

struct Op(Dense);

impl CustomOp3 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let weight = slices::of(weight, weight_layout)?;
        let y = self.0.forward(
            slices::of(xs, xs_layout)?,
            weight,
            slices::of(bias, bias_layout)?,
        );
        slices::result(y, (self.0.batch, self.0.outputs))
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        slices::with(dy, |dy| {
            let dx = slices::with(weight, |weight| self.0.backward_data(dy, weight))?;
            let (dweight, dbias) = slices::with(xs, |xs| self.0.backward_weight(xs, dy))?;
            Ok((
                Some(slices::like(dx, xs)?),
                Some(slices::like(dweight, weight)?),
                Some(slices::like(dbias, bias)?),
            ))
        })?
    }
}
