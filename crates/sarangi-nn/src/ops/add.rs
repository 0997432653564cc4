//! Sums of two values.

use std::sync::Arc;

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::add::{add as add_into, mask_in_place};
use crate::cpu::buffer::Buffer;
use crate::cpu::map::Activation;
use crate::value::{Host, Value, View, records};

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
    match (a.view(), b.view()) {
        (View::Host(a), View::Host(b)) => Ok(Value::host(host(a, b, activation))),
        (View::Device(a), View::Device(b)) => (a + b)
            .and_then(|sum| composed::clamp(&sum, activation))
            .map(Value::device)
            .during(OP),
        _ => Err(Error::shape(OP, "two values on one device", "two devices")),
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
