//! Sums of two values.

use std::sync::Arc;

use sarangi_core::{During, Error, Result};

use super::relu;
use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::add::{add as add_into, mask_in_place};
use crate::cpu::buffer::Buffer;
use crate::cpu::map::Activation;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, Views, records, together};

const OP: &str = "add";

/// `a + b`, for residual connections and sums of losses.
///
/// # Shapes
/// Both alike, and the result.
///
/// # Errors
/// [`Error::Shape`] if they differ, [`Error::Backend`] if the device fails.
pub fn add(a: &Value, b: &Value) -> Result<Value> {
    sum(a, b, Activation::NONE)
}

/// `relu(a + b)` in one pass over memory: the end of a residual block.
///
/// # Shapes
/// Both alike, and the result.
///
/// # Errors
/// As [`add`].
pub fn add_relu(a: &Value, b: &Value) -> Result<Value> {
    sum(a, b, Activation::RELU)
}

fn sum(a: &Value, b: &Value, activation: Activation) -> Result<Value> {
    if a.dims() != b.dims() {
        let (expected, got) = (format!("{:?}", a.dims()), format!("{:?}", b.dims()));
        return Err(Error::shape(OP, expected, got));
    }
    match Views::of(OP, &[a, b])? {
        Views::Host(both) => Ok(Value::host(host(both[0], both[1], activation))),
        Views::Gpu(both) => gpu::add(both[0], both[1], activation).map(Value::gpu),
        Views::Device(both) => (both[0] + both[1])
            .and_then(|sum| composed::clamp(&sum, activation))
            .map(Value::device)
            .during(OP),
        Views::Traced(both) => {
            let sum = together(&both, Operation::Add, a.dims().to_vec())?;
            match activation == Activation::NONE {
                true => Ok(sum),
                false => relu(&sum),
            }
        }
    }
}

fn host(a: &Host, b: &Host, activation: Activation) -> Host {
    let of = a.of();
    let mut y = Buffer::stale(of.len());
    add_into(a.source(), b.source(), activation, of, &mut y);
    let dims = a.dims().to_vec();
    let tracked = a.tracked() || b.tracked();
    if !records(&[a, b], []) {
        return Host::result(dims, of, y, tracked, None);
    }
    let parents = [a, b].map(|value| value.node().cloned());
    Host::result_with(dims, of, y, tracked, |y| {
        let y = (activation != Activation::NONE).then(|| Arc::clone(y));
        Node::new(move |dy, flow| {
            let dy = match y {
                None => dy.into_stored(),
                Some(y) => {
                    let mut dy = dy.into_own();
                    mask_in_place(&y, activation, &mut dy);
                    Arc::new(dy)
                }
            };
            for parent in parents.iter().flatten() {
                flow.give(parent, Gradient::shared(of, Arc::clone(&dy)));
            }
            Ok(())
        })
    })
}
