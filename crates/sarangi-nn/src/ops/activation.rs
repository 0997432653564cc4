//! Rectifiers.

use sarangi_core::{During, Result};

use crate::chain::Chain;
use crate::composed;
use crate::cpu::map::Activation;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Value, View};

/// `max(xs, 0)`, with gradient 0 at 0; `torch.nn.functional.relu`.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
pub fn relu(xs: &Value) -> Result<Value> {
    clamp(xs, Activation::RELU, "relu")
}

/// `min(max(xs, 0), 6)`, with gradient 0 at 0 and at 6; `torch.nn.functional.relu6`.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
pub fn relu6(xs: &Value) -> Result<Value> {
    clamp(xs, Activation::RELU6, "relu6")
}

fn clamp(xs: &Value, activation: Activation, op: &'static str) -> Result<Value> {
    match xs.view() {
        View::Host(xs) => Ok(Value::host(Chain::activation(xs, activation))),
        View::Gpu(xs) => gpu::clamp(xs, activation, op).map(Value::gpu),
        View::Device(xs) => composed::clamp(xs, activation)
            .map(Value::device)
            .during(op),
        View::Traced(xs) => {
            let operation = match activation == Activation::RELU {
                true => Operation::Relu,
                false => Operation::Relu6,
            };
            xs.then(operation, xs.dims().to_vec())
        }
    }
}
