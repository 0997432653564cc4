//! The logistic function.

use std::sync::Arc;

use sarangi_core::{During, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::buffer::Buffer;
use crate::cpu::pointwise::{sigmoid as sigmoid_in_place, sigmoid_gradient};
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, records};

/// `1 / (1 + exp(−xs))`; `torch.sigmoid`.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
pub fn sigmoid(xs: &Value) -> Result<Value> {
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::sigmoid(xs, "sigmoid").map(Value::gpu),
        View::Device(xs) => return composed::sigmoid(xs).map(Value::device).during("sigmoid"),
        View::Traced(xs) => return xs.then(Operation::Sigmoid, xs.dims().to_vec()),
    };
    let of = xs.of();
    let mut y = Buffer::stale(of.len());
    y.copy_from_slice(&xs.stored());
    sigmoid_in_place(&mut y);
    let dims = xs.dims().to_vec();
    let Some(parent) = xs.node().filter(|_| records(&[xs], [])).cloned() else {
        return Ok(Value::host(Host::result(dims, of, y, xs.tracked(), None)));
    };
    let host = Host::result_with(dims, of, y, xs.tracked(), |y| {
        let y = Arc::clone(y);
        Node::new(move |dy, flow| {
            let mut dx = dy.into_own();
            sigmoid_gradient(&y, &mut dx);
            flow.give(&parent, Gradient::stored(of, dx));
            Ok(())
        })
    });
    Ok(Value::host(host))
}
