//! Products.

use std::sync::Arc;

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::pointwise::{multiply, scale};
use crate::cpu::source::Source;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, Views, records, together};

/// `a · b`, value by value; `torch.mul` of two tensors of one shape.
///
/// # Shapes
/// Both alike, and the result.
///
/// # Errors
/// [`Error::Shape`] if they differ, [`Error::Backend`] if the device fails.
pub fn mul(a: &Value, b: &Value) -> Result<Value> {
    const OP: &str = "mul";
    if a.dims() != b.dims() {
        let (expected, got) = (format!("{:?}", a.dims()), format!("{:?}", b.dims()));
        return Err(Error::shape(OP, expected, got));
    }
    match Views::of(OP, &[a, b])? {
        Views::Host(both) => Ok(Value::host(product(both[0], both[1]))),
        Views::Gpu(both) => gpu::mul(both[0], both[1], OP).map(Value::gpu),
        Views::Device(both) => (both[0] * both[1]).map(Value::device).during(OP),
        Views::Traced(both) => together(&both, Operation::Mul, a.dims().to_vec()),
    }
}

fn product(a: &Host, b: &Host) -> Host {
    let of = a.of();
    let mut y = Buffer::stale(of.len());
    multiply(a.source(), b.source(), of, &mut y);
    let node = records(&[a, b], []).then(|| {
        let ways = [(a, b), (b, a)].map(|(to, other)| (to.node().cloned(), other.keep()));
        Node::new(move |dy, flow| {
            let dy = dy.into_stored();
            for (parent, other) in ways {
                if let Some(parent) = parent {
                    let mut dx = Buffer::stale(of.len());
                    multiply(Source::Stored(&dy), other.source(), of, &mut dx);
                    flow.give(&parent, Gradient::stored(of, dx));
                }
            }
            Ok(())
        })
    });
    let tracked = a.tracked() || b.tracked();
    Host::result(a.dims().to_vec(), of, y, tracked, node)
}

/// `scalar · xs`; `torch.mul` of a tensor and a number.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Backend`] if the device fails.
pub fn mul_scalar(xs: &Value, scalar: f32) -> Result<Value> {
    const OP: &str = "mul_scalar";
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::mul_scalar(xs, scalar, OP).map(Value::gpu),
        View::Device(xs) => {
            let product = xs.affine(f64::from(scalar), 0.0);
            return product.map(Value::device).during(OP);
        }
        View::Traced(xs) => return xs.then(Operation::MulScalar { scalar }, xs.dims().to_vec()),
    };
    let of = xs.of();
    let mut y = Buffer::stale(of.len());
    y.copy_from_slice(&xs.stored());
    scale(&mut y, scalar);
    let parent = xs.node().filter(|_| records(&[xs], [])).map(Arc::clone);
    let node = parent.map(|parent| {
        Node::new(move |dy, flow| {
            let mut dx = dy.into_own();
            scale(&mut dx, scalar);
            flow.give(&parent, Gradient::stored(of, dx));
            Ok(())
        })
    });
    let dims = xs.dims().to_vec();
    Ok(Value::host(Host::result(dims, of, y, xs.tracked(), node)))
}
