//! The fully connected layer.

use candle_core::Tensor;
use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::buffer::Buffer;
use crate::cpu::linear::Dense;
use crate::gpu;
use crate::graph::Operation;
use crate::tensors;
use crate::value::{Host, Value, View, pictures, records};

const OP: &str = "linear";

/// `xs · weightᵀ + bias`, `torch.nn.functional.linear`.
///
/// # Shapes
/// `xs` (batch, in), `weight` (out, in), `bias` (out) if there is one; the result is (batch, out).
///
/// # Errors
/// [`Error::Shape`] if these do not fit each other, [`Error::Backend`] if the device fails.
pub fn linear(xs: &Value, weight: &Tensor, bias: Option<&Tensor>) -> Result<Value> {
    let (&[batch, inputs], &[outputs, columns]) = (xs.dims(), weight.dims()) else {
        let got = format!("{:?} and {:?}", xs.dims(), weight.dims());
        return Err(Error::shape(OP, "(batch, in) and a weight (out, in)", got));
    };
    if columns != inputs || bias.is_some_and(|bias| bias.dims() != [outputs]) {
        let expected = format!("a weight (out, {inputs}) and a bias (out)");
        let bias = bias.map(Tensor::dims);
        let got = format!("{:?} and {bias:?}", weight.dims());
        return Err(Error::shape(OP, expected, got));
    }
    pictures(&[batch, outputs]).checked(OP)?;
    let dense = Dense {
        batch,
        inputs,
        outputs,
    };
    match xs.view() {
        View::Host(xs) => host(xs, weight, bias, dense).map(Value::host),
        View::Gpu(xs) => return gpu::linear(xs, weight, bias, OP).map(Value::gpu),
        View::Device(xs) => composed::linear(xs, weight, bias).map(Value::device),
        View::Traced(xs) => {
            let operation = Operation::Linear {
                weight: xs.constant(weight),
                bias: bias.map(|bias| xs.constant(bias)),
            };
            return xs.then(operation, vec![batch, outputs]);
        }
    }
    .during(OP)
}

fn host(
    xs: &Host,
    weight: &Tensor,
    bias: Option<&Tensor>,
    dense: Dense,
) -> candle_core::Result<Host> {
    let x = xs.stored();
    let dims = vec![dense.batch, dense.outputs];
    let of = pictures(&dims);
    let mut y = Buffer::stale(of.len());
    tensors::read(weight, |weight| {
        tensors::read_option(bias, |bias| dense.forward(&x, weight, bias, &mut y))
    })??;
    let node = records(&[xs], [weight].into_iter().chain(bias)).then(|| {
        let (input, parent) = (xs.of(), xs.node().cloned());
        let (weight, bias) = (weight.clone(), bias.cloned());
        Node::new(move |dy, flow| {
            let dy = dy.into_stored();
            if weight.is_variable() {
                let mut dweight = Buffer::stale(weight.elem_count());
                dense.backward_weight(&x, &dy, &mut dweight);
                flow.parameter(&weight, dweight);
            }
            if let Some(bias) = &bias {
                let mut dbias = Buffer::stale(bias.elem_count());
                dense.backward_bias(&dy, &mut dbias);
                flow.parameter(bias, dbias);
            }
            if let Some(parent) = parent {
                let mut dx = Buffer::stale(input.len());
                tensors::read(&weight, |weight| dense.backward_data(&dy, weight, &mut dx))
                    .during(OP)?;
                flow.give(&parent, Gradient::stored(input, dx));
            }
            Ok(())
        })
    });
    Ok(Host::result(dims, of, y, xs.tracked(), node))
}
