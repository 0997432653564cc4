//! Axes in another order, and parts along an axis.

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::permute::{Part, permute as permute_into, permuted};
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, pictures, records, untraceable};

/// The axes in another order: axis k of the result is axis `axes[k]` of `xs`; `torch.permute`.
///
/// # Shapes
/// Up to four axes, each of which is named once.
///
/// # Errors
/// [`Error::Shape`] if `axes` are not those of `xs`, [`Error::Backend`] if the device fails.
pub fn permute(xs: &Value, axes: &[usize]) -> Result<Value> {
    const OP: &str = "permute";
    let rank = xs.dims().len();
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        let expected = format!("each of {rank} axes once");
        return Err(Error::shape(OP, expected, format!("{axes:?}")));
    }
    let dims: Vec<usize> = axes.iter().map(|&axis| xs.dims()[axis]).collect();
    match xs.view() {
        View::Host(xs) => Ok(Value::host(host(xs, axes, dims))),
        View::Gpu(xs) => gpu::permute(xs, axes, OP).map(Value::gpu),
        View::Device(xs) => xs
            .permute(axes)
            .and_then(|xs| xs.contiguous())
            .map(Value::device)
            .during(OP),
        View::Traced(_) if axes.first().is_some_and(|&first| first != 0) => {
            Err(untraceable("moving the axis of the batch"))
        }
        View::Traced(xs) => {
            let axes = axes.to_vec();
            xs.then(Operation::Permute { axes }, dims)
        }
    }
}

/// Which of (batch, channels, height, width) an axis is.
fn place(axis: usize, rank: usize) -> usize {
    match (axis, rank) {
        // A batch of rows is one of pictures of one row.
        (2, 3) => 3,
        _ => axis,
    }
}

fn host(xs: &Host, axes: &[usize], dims: Vec<usize>) -> Host {
    let from = xs.of();
    let (mut places, mut back) = ([0, 1, 2, 3], [0, 1, 2, 3]);
    for (to, &axis) in axes.iter().enumerate() {
        let (to, axis) = (place(to, axes.len()), place(axis, axes.len()));
        places[to] = axis;
        back[axis] = to;
    }
    let of = permuted(from, places);
    let mut y = Buffer::stale(of.len());
    permute_into(&xs.stored(), from, places, &mut y);
    let parent = xs.node().filter(|_| records(&[xs], [])).cloned();
    let node = parent.map(|parent| {
        Node::new(move |dy, flow| {
            let mut dx = Buffer::stale(from.len());
            permute_into(&dy.into_stored(), of, back, &mut dx);
            flow.give(&parent, Gradient::stored(from, dx));
            Ok(())
        })
    });
    Host::result(dims, of, y, xs.tracked(), node)
}

/// The `length` places from `start` on of one axis; `torch.narrow`.
///
/// # Shapes
/// Any; the result has `length` for `axis`.
///
/// # Errors
/// [`Error::Shape`] if there is no such axis or it has not as many places, [`Error::Backend`] if
/// the device fails.
pub fn narrow(xs: &Value, axis: usize, start: usize, length: usize) -> Result<Value> {
    const OP: &str = "narrow";
    let mut dims = xs.dims().to_vec();
    let end = start.checked_add(length);
    match dims.get_mut(axis) {
        Some(size) if length > 0 && end.is_some_and(|end| end <= *size) => *size = length,
        _ => {
            let expected = format!("{length} places from {start} on, one at least, of axis {axis}");
            return Err(Error::shape(OP, expected, format!("{:?}", xs.dims())));
        }
    }
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::narrow(xs, axis, start, length, OP).map(Value::gpu),
        View::Device(xs) => {
            let part = xs.narrow(axis, start, length);
            let part = part.and_then(|part| part.contiguous());
            return part.map(Value::device).during(OP);
        }
        View::Traced(_) if axis == 0 => return Err(untraceable("taking items out of the batch")),
        View::Traced(xs) => {
            let operation = Operation::Narrow {
                axis,
                start,
                length,
            };
            return xs.then(operation, dims);
        }
    };
    let (from, of) = (xs.of(), pictures(&dims));
    let part = Part::new(from, place(axis, dims.len()), start, length);
    let mut y = Buffer::stale(of.len());
    part.copy(&xs.stored(), &mut y);
    let parent = xs.node().filter(|_| records(&[xs], [])).cloned();
    let node = parent.map(|parent| {
        Node::new(move |dy, flow| {
            let mut dx = Buffer::zeros(from.len());
            part.copy_back(&dy.into_stored(), &mut dx);
            flow.give(&parent, Gradient::stored(from, dx));
            Ok(())
        })
    });
    Ok(Value::host(Host::result(dims, of, y, xs.tracked(), node)))
}
