//! Pictures as vectors.

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::source::Source;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, pictures, records, to_planar};

const OP: &str = "flatten";

/// Everything but the batch in one axis, in the order (channels, height, width);
/// `torch.flatten(start_dim=1)`.
///
/// # Shapes
/// (batch, channels, …) → (batch, channels · …).
///
/// # Errors
/// [`Error::Shape`] if there is no batch, [`Error::Backend`] if the device fails.
pub fn flatten(xs: &Value) -> Result<Value> {
    let [batch, rest @ ..] = xs.dims() else {
        return Err(Error::shape(
            OP,
            "an input (batch, channels, …)",
            "one number",
        ));
    };
    let dims = vec![*batch, rest.iter().product()];
    match xs.view() {
        View::Host(xs) => Ok(Value::host(host(xs, dims))),
        View::Gpu(xs) => gpu::flatten(xs, dims, OP).map(Value::gpu),
        View::Device(xs) => xs.flatten_from(1).map(Value::device).during(OP),
        View::Traced(xs) => xs.then(Operation::Flatten, dims),
    }
}

fn host(xs: &Host, dims: Vec<usize>) -> Host {
    let (from, of) = (xs.of(), pictures(&dims));
    // One pixel: both orders are one.
    if from.height * from.width == 1 {
        return xs.reshaped(dims, of);
    }
    let mut y = Buffer::stale(of.len());
    to_planar(from, &xs.stored(), &mut y);
    let node = xs
        .node()
        .filter(|_| records(&[xs], []))
        .cloned()
        .map(|parent| {
            Node::new(move |dy, flow| {
                let mut dx = Buffer::stale(from.len());
                Source::Planar(&dy.into_stored()).materialise(from, &mut dx);
                flow.give(&parent, Gradient::stored(from, dx));
                Ok(())
            })
        });
    Host::result(dims, of, y, xs.tracked(), node)
}
