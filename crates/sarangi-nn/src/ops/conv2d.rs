//! Two-dimensional convolution.

use candle_core::Tensor;
use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::buffer::Buffer;
use crate::cpu::conv2d::{Conv, Epilogue};
use crate::cpu::map::Activation;
use crate::cpu::norm::Tally;
use crate::cpu::pictures::Pictures;
use crate::geometry::Geometry2d;
use crate::gpu;
use crate::graph::Operation;
use crate::tensors;
use crate::value::{Host, Value, View, records};

const OP: &str = "conv2d";

/// Convolution (cross-correlation) of a batch of pictures, `torch.nn.functional.conv2d`.
///
/// # Shapes
/// `xs` (batch, in, height, width), `filter` (out, in / groups, kernel height, kernel width),
/// `bias` (out); the result is (batch, out, height′, width′) by [`Geometry2d::output`].
///
/// # Errors
/// [`Error::Shape`] or [`Error::Config`] if these do not fit each other, [`Error::Backend`] if the
/// device fails.
pub fn conv2d(
    xs: &Value,
    filter: &Tensor,
    bias: Option<&Tensor>,
    window: Geometry2d,
    groups: usize,
) -> Result<Value> {
    let conv = check(xs.dims(), filter, bias, window, groups)?;
    match xs.view() {
        View::Host(xs) => host(xs, filter, bias, conv).map(Value::host),
        View::Gpu(xs) => return gpu::conv2d(xs, filter, bias, conv, OP).map(Value::gpu),
        View::Device(xs) => composed::conv2d(xs, filter, bias, &conv).map(Value::device),
        View::Traced(xs) => {
            let operation = Operation::Conv2d {
                filter: xs.constant(filter),
                bias: bias.map(|bias| xs.constant(bias)),
                window,
                groups,
            };
            return xs.then(operation, dims(conv.output));
        }
    }
    .during(OP)
}

fn host(
    xs: &Host,
    filter: &Tensor,
    bias: Option<&Tensor>,
    conv: Conv,
) -> candle_core::Result<Host> {
    let mut y = Buffer::stale(conv.output.len());
    let recorded = records(&[xs], [filter].into_iter().chain(bias));
    // In training a norm comes next, more often than not, and asks for the moments: behind an
    // activation if there is a bias, which would be of no use directly below a norm.
    let behind = match bias {
        Some(_) => Activation::RELU,
        None => Activation::NONE,
    };
    let tallies = tensors::read(filter, |filter| {
        tensors::read_option(bias, |bias| {
            let epilogue = Epilogue {
                bias,
                tally: recorded.then_some(behind),
            };
            conv.forward(xs.source(), filter, epilogue, &mut y)
        })
    })??;
    let node = recorded.then(|| {
        let (x, parent) = (xs.keep(), xs.node().cloned());
        let (filter, bias) = (filter.clone(), bias.cloned());
        Node::new(move |dy, flow| {
            if filter.is_variable() || bias.as_ref().is_some_and(Tensor::is_variable) {
                let mut dfilter = Buffer::stale(filter.elem_count());
                let mut dbias = bias.as_ref().map(|bias| Buffer::stale(bias.elem_count()));
                let (x, dy) = (x.source(), dy.source());
                conv.backward_filter(x, dy, &mut dfilter, dbias.as_deref_mut());
                flow.parameter(&filter, dfilter);
                if let (Some(bias), Some(dbias)) = (&bias, dbias) {
                    flow.parameter(bias, dbias);
                }
            }
            drop(x);
            if let Some(parent) = parent {
                let mut dx = Buffer::stale(conv.input.len());
                tensors::read(&filter, |filter| {
                    conv.backward_data(dy.source(), filter, &mut dx);
                })
                .during(OP)?;
                drop(dy);
                flow.give(&parent, Gradient::stored(conv.input, dx));
            }
            Ok(())
        })
    });
    let dims = dims(conv.output);
    let result = Host::result(dims, conv.output, y, xs.tracked(), node);
    Ok(match recorded {
        true => result.with_moments(behind, Tally::moments(tallies, conv.output.channels)),
        false => result,
    })
}

fn dims(of: Pictures) -> Vec<usize> {
    vec![of.batch, of.channels, of.height, of.width]
}

fn check(
    xs: &[usize],
    filter: &Tensor,
    bias: Option<&Tensor>,
    window: Geometry2d,
    groups: usize,
) -> Result<Conv> {
    let shape = |expected: String, got: &[usize]| Error::shape(OP, expected, format!("{got:?}"));
    let &[batch, in_channels, height, width] = xs else {
        let expected = "an input (batch, channels, height, width)";
        return Err(shape(expected.into(), xs));
    };
    let &[out_channels, per_group, kh, kw] = filter.dims() else {
        let expected = "a filter (out, in / groups, height, width)";
        return Err(shape(expected.into(), filter.dims()));
    };
    if groups == 0 || in_channels % groups != 0 || out_channels % groups != 0 {
        let reason = format!(
            "must divide the {in_channels} input and {out_channels} output channels, got {groups}"
        );
        return Err(Error::config(OP, "groups", reason));
    }
    if per_group * groups != in_channels {
        let expected = format!("a filter over {} input channels", in_channels / groups);
        return Err(shape(expected, filter.dims()));
    }
    if [kh, kw] != window.kernel {
        let expected = format!("a filter of size {:?}", window.kernel);
        return Err(shape(expected, filter.dims()));
    }
    if let Some(bias) = bias.filter(|bias| bias.dims() != [out_channels]) {
        return Err(shape(format!("a bias ({out_channels})"), bias.dims()));
    }
    let [out_height, out_width] = window.output(OP, [height, width])?;
    Ok(Conv {
        input: Pictures {
            batch,
            height,
            width,
            channels: in_channels,
        },
        output: Pictures {
            batch,
            height: out_height,
            width: out_width,
            channels: out_channels,
        }
        .checked(OP)?,
        window,
        groups,
    })
}
