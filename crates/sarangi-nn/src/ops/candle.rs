//! Operations of the tensor library inside a network.

use std::collections::HashSet;

use candle_core::{Tensor, Var};
use sarangi_core::{During, Result};

use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::gpu;
use crate::value::{Host, Tracking, Value, View, Views, records, untraceable};

const OP: &str = "with_candle";

/// Any computation with candle's own operations as one step of a network, for what this crate has
/// no layer for. Gradients flow through it by candle's rules, which for convolution, pooling and
/// ReLU are not to be trusted.
///
/// `compute` gets one tensor for each value of `xs`, (batch, channels, …); every parameter that it
/// uses must be named in `parameters`, or it gets no gradient.
///
/// # Shapes
/// Whatever `compute` takes and gives.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if `compute` fails,
/// [`Error::Shape`](sarangi_core::Error::Shape) if its result is no
/// (batch, channels, …) of f32 or the values are not all on one device.
pub fn with_candle(
    xs: &[&Value],
    parameters: &[&Tensor],
    compute: impl FnOnce(&[Tensor]) -> candle_core::Result<Tensor>,
) -> Result<Value> {
    let hosts = match Views::of(OP, xs)? {
        Views::Host(hosts) => hosts,
        Views::Gpu(values) => {
            return gpu::through_candle(&values, parameters, OP, compute).map(Value::gpu);
        }
        Views::Device(tensors) => {
            let tensors: Vec<Tensor> = tensors.into_iter().cloned().collect();
            return compute(&tensors).map(Value::device).during(OP);
        }
        Views::Traced(_) => return Err(untraceable(OP)),
    };
    let inputs = hosts
        .iter()
        .map(|host| leaf(host))
        .collect::<Result<Vec<Tensor>>>()?;
    let ys = compute(&inputs).during(OP)?;
    // This checks the result too.
    let value = match hosts.iter().any(|host| host.tracked()) {
        true => Value::tracked(&ys)?,
        false => Value::new(&ys)?,
    };
    let (true, View::Host(value)) = (records(&hosts, parameters.iter().copied()), value.view())
    else {
        // Nothing to go back to yet, but what follows may have parameters.
        return Ok(value);
    };
    let parents: Vec<_> = hosts.iter().map(|host| host.node().cloned()).collect();
    // One that is named twice has one gradient.
    let mut seen = HashSet::new();
    let once = parameters
        .iter()
        .filter(|parameter| seen.insert(parameter.id()));
    let parameters: Vec<Tensor> = once.map(|&parameter| parameter.clone()).collect();
    let graph = ys.clone();
    let node = Node::new(move |dy, flow| {
        let of = dy.of();
        let dy = Host::result(graph.dims().to_vec(), of, dy.into_own(), false, None);
        let store = (&graph * dy.tensor().during(OP)?)
            .and_then(|product| product.sum_all())
            .and_then(|loss| loss.backward())
            .during(OP)?;
        for (input, parent) in inputs.iter().zip(&parents) {
            if let (Some(parent), Some(dx)) = (parent, store.get(input)) {
                let dx = Host::from_tensor(&dx.detach(), Tracking::Off).during(OP)?;
                let mut own = Buffer::stale(dx.of().len());
                own.copy_from_slice(&dx.stored());
                flow.give(parent, Gradient::stored(dx.of(), own));
            }
        }
        for parameter in &parameters {
            if let Some(gradient) = store.get(parameter) {
                crate::tensors::read(gradient, |values| {
                    let mut own = Buffer::stale(values.len());
                    own.copy_from_slice(values);
                    flow.parameter(parameter, own);
                })
                .during(OP)?;
            }
        }
        Ok(())
    });
    Ok(Value::host(value.followed(node)))
}

/// A tensor of the value, tracked by candle if its gradient is wanted.
fn leaf(host: &Host) -> Result<Tensor> {
    let tensor = host.tensor().during(OP)?;
    match host.node() {
        Some(_) => Var::from_tensor(&tensor).map(Var::into_inner).during(OP),
        None => Ok(tensor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{linear, relu};
    use candle_core::{DType, Device};

    /// A step before the first layer with parameters leaves the value tracked.
    #[test]
    fn what_follows_a_step_on_the_input_has_gradients() {
        let x = Tensor::new(&[[1.0f32, -2.0]], &Device::Cpu).unwrap();
        let w = Var::ones((1, 2), DType::F32, &Device::Cpu).unwrap();
        let x = Value::tracked(&x).unwrap();
        let halved = with_candle(&[&x], &[], |x| &x[0] * 0.5).unwrap();
        let gradients = linear(&halved, &w, None).unwrap().backward().unwrap();
        let dw = gradients.get(&w).unwrap().unwrap();
        assert_eq!(dw.to_vec2::<f32>().unwrap(), [[0.5, -1.0]]);
    }

    /// Halving by candle in the middle of a network halves every gradient before it.
    #[test]
    fn gradients_flow_through() {
        let device = Device::Cpu;
        let x = Tensor::new(&[[1.0f32, -2.0, 3.0], [0.5, 4.0, -1.0]], &device).unwrap();
        let w = Var::ones((2, 3), DType::F32, &device).unwrap();
        let b = Var::zeros(2, DType::F32, &device).unwrap();
        let s = Var::new(&[[2.0f32, 3.0]], &device).unwrap();
        let ones = Tensor::ones((2, 2), DType::F32, &device).unwrap();
        let ones = Value::new(&ones).unwrap();
        let run = |by_candle: bool| {
            let x = Value::variable(&x).unwrap();
            let y = relu(&linear(&x, &w, Some(&b)).unwrap()).unwrap();
            let y = match by_candle {
                true => with_candle(&[&y], &[&s], |t| t[0].broadcast_mul(&s)).unwrap(),
                false => y,
            };
            let g = y.backward_from(&ones).unwrap();
            let rows = |t: Tensor| t.to_vec2::<f32>().unwrap();
            (
                rows(g.get(&w).unwrap().unwrap()),
                g.get(&s).unwrap().map(rows),
            )
        };
        let ((plain, none), (scaled, ds)) = (run(false), run(true));
        assert!(none.is_none());
        for (row, factor) in [(0, 2.0), (1, 3.0)] {
            for column in 0..3 {
                assert_eq!(scaled[row][column], factor * plain[row][column]);
            }
        }
        // the sums over the batch of the rectified outputs, 2 and 3.5
        assert_eq!(ds.unwrap(), [[5.5, 5.5]]);
    }
}
