//! Probabilities of classes.

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::buffer::Buffer;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, records};

/// The logarithm of the softmax over the classes, `torch.nn.functional.log_softmax(dim=1)`.
///
/// # Shapes
/// (batch, classes) → (batch, classes).
///
/// # Errors
/// [`Error::Shape`] for any other shape, [`Error::Backend`] if the device fails.
pub fn log_softmax(logits: &Value) -> Result<Value> {
    const OP: &str = "log_softmax";
    rows(logits, OP)?;
    match logits.view() {
        View::Host(xs) => Ok(Value::host(by_row(xs, log_softmax_row, |y, dy| {
            let sum: f32 = dy.iter().sum();
            dy.iter_mut().zip(y).for_each(|(d, y)| *d -= y.exp() * sum);
        }))),
        View::Gpu(xs) => gpu::log_softmax(xs, OP).map(Value::gpu),
        View::Device(xs) => composed::log_softmax(xs).map(Value::device).during(OP),
        View::Traced(xs) => xs.then(Operation::LogSoftmax, xs.dims().to_vec()),
    }
}

/// The softmax over the classes: probabilities, `torch.nn.functional.softmax(dim=1)`.
///
/// # Shapes
/// (batch, classes) → (batch, classes).
///
/// # Errors
/// [`Error::Shape`] for any other shape, [`Error::Backend`] if the device fails.
pub fn softmax(logits: &Value) -> Result<Value> {
    const OP: &str = "softmax";
    rows(logits, OP)?;
    let forward = |row: &mut [f32]| {
        log_softmax_row(row);
        row.iter_mut().for_each(|v| *v = v.exp());
    };
    match logits.view() {
        View::Host(xs) => Ok(Value::host(by_row(xs, forward, |y, dy| {
            let sum: f32 = y.iter().zip(&*dy).map(|(y, d)| y * d).sum();
            dy.iter_mut().zip(y).for_each(|(d, y)| *d = y * (*d - sum));
        }))),
        View::Gpu(xs) => gpu::softmax(xs, OP).map(Value::gpu),
        View::Device(xs) => composed::log_softmax(xs)
            .and_then(|ys| ys.exp())
            .map(Value::device)
            .during(OP),
        View::Traced(xs) => xs.then(Operation::Softmax, xs.dims().to_vec()),
    }
}

/// Batch and classes.
pub(super) fn rows(logits: &Value, op: &'static str) -> Result<[usize; 2]> {
    match *logits.dims() {
        [batch, classes] if classes > 0 => Ok([batch, classes]),
        ref got => Err(Error::shape(
            op,
            "logits (batch, classes)",
            format!("{got:?}"),
        )),
    }
}

/// The peak is taken off first and the logarithm after it: their sum, rounded, would take the digits
/// of scores that are large and near each other.
pub(super) fn log_softmax_row(row: &mut [f32]) {
    let peak = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let below = |v: f32| f64::from(v) - f64::from(peak);
    let log: f64 = row.iter().map(|&v| below(v).exp()).sum::<f64>().ln();
    row.iter_mut().for_each(|v| *v = (below(*v) - log) as f32);
}

/// Runs `forward` on each row, and on the way back `backward` on the result's row and its gradient,
/// which it turns into that of the input.
fn by_row(
    xs: &Host,
    forward: impl Fn(&mut [f32]),
    backward: impl Fn(&[f32], &mut [f32]) + Send + 'static,
) -> Host {
    let of = xs.of();
    let classes = of.channels.max(1);
    let mut y = Buffer::stale(of.len());
    y.copy_from_slice(&xs.stored());
    y.chunks_exact_mut(classes).for_each(forward);
    let dims = xs.dims().to_vec();
    let Some(parent) = xs.node().filter(|_| records(&[xs], [])).cloned() else {
        return Host::result(dims, of, y, xs.tracked(), None);
    };
    Host::result_with(dims, of, y, xs.tracked(), |y| {
        let y = std::sync::Arc::clone(y);
        Node::new(move |dy, flow| {
            let mut dx = dy.into_own();
            for (y, dx) in y.chunks_exact(classes).zip(dx.chunks_exact_mut(classes)) {
                backward(y, dx);
            }
            flow.give(&parent, Gradient::stored(of, dx));
            Ok(())
        })
    })
}
