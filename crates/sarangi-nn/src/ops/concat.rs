//! Several values side by side.

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::concat::{concat as join, split};
use crate::cpu::pictures::Pictures;
use crate::cpu::source::Source;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, Views, records, together};

const OP: &str = "concat";

/// The channels of all values one after the other, `torch.cat(dim=1)`.
///
/// # Shapes
/// (batch, channels₁, …), (batch, channels₂, …), … → (batch, Σ channels, …).
///
/// # Errors
/// [`Error::Shape`] if there are no values or they differ in more than their channels,
/// [`Error::Backend`] if the device fails.
pub fn concat(values: &[&Value]) -> Result<Value> {
    let shape = |got: String| Error::shape(OP, "values that differ in their channels alone", got);
    let Some(first) = values.first() else {
        return Err(shape("no values".into()));
    };
    let mut dims = first.dims().to_vec();
    let alike = |value: &&&Value| {
        let other = value.dims();
        other.len() == dims.len() && other.len() > 1 && {
            let pairs = other.iter().zip(&dims).enumerate();
            pairs.into_iter().all(|(axis, (a, b))| axis == 1 || a == b)
        }
    };
    if let Some(other) = values.iter().find(|value| !alike(value)) {
        return Err(shape(format!("{:?} and {:?}", dims, other.dims())));
    }
    dims[1] = values.iter().map(|value| value.dims()[1]).sum();
    match Views::of(OP, values)? {
        Views::Host(hosts) => Ok(Value::host(host(&hosts, dims))),
        Views::Gpu(values) => gpu::concat(&values, dims, OP).map(Value::gpu),
        Views::Device(tensors) => candle_core::Tensor::cat(&tensors, 1)
            .map(Value::device)
            .during(OP),
        Views::Traced(values) => together(&values, Operation::Concat, dims),
    }
}

fn host(parts: &[&Host], dims: Vec<usize>) -> Host {
    let of = Pictures {
        channels: dims[1],
        ..parts[0].of()
    };
    let mut y = Buffer::stale(of.len());
    let sources: Vec<(Source<'_>, usize)> = parts
        .iter()
        .map(|part| (part.source(), part.of().channels))
        .collect();
    join(&sources, of, &mut y);
    let tracked = parts.iter().any(|part| part.tracked());
    let node = records(parts, []).then(|| {
        let parents: Vec<_> = parts
            .iter()
            .map(|part| (part.of(), part.node().cloned()))
            .collect();
        Node::new(move |dy, flow| {
            let dy = dy.into_stored();
            let mut first = 0;
            for (part, parent) in parents {
                if let Some(parent) = parent {
                    let mut dx = Buffer::stale(part.len());
                    split(&dy, of, first, part.channels, &mut dx);
                    flow.give(&parent, Gradient::stored(part, dx));
                }
                first += part.channels;
            }
            Ok(())
        })
    });
    Host::result(dims, of, y, tracked, node)
}
