//! Pooling.

use std::sync::Arc;

use sarangi_core::{During, Error, Result};

use super::flatten;
use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::average_pool::AveragePool;
use crate::cpu::buffer::Buffer;
use crate::cpu::max_pool::MaxPool;
use crate::cpu::pictures::Pictures;
use crate::cpu::unpool::Unpool;
use crate::cpu::windows::Windows;
use crate::geometry::Geometry2d;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, records};

/// The largest value under each window, `torch.nn.functional.max_pool2d`.
///
/// Its gradient goes to the first of equal maxima, as in torch.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels, height′, width′) by
/// [`Geometry2d::output`].
///
/// # Errors
/// [`Error::Shape`] or [`Error::Config`] if the window does not fit, or its padding is more than
/// half its size; [`Error::Backend`] if the device fails.
pub fn max_pool2d(xs: &Value, window: Geometry2d) -> Result<Value> {
    const OP: &str = "max_pool2d";
    let (input, output) = shapes(OP, xs, window)?;
    let windows = Windows::Moving(window);
    max_pool(OP, xs, input, output, windows)
}

/// The mean under each window, `torch.nn.functional.avg_pool2d`. Padding counts as zeros with
/// `count_include_pad`, torch's default, and not at all without.
///
/// # Shapes
/// As [`max_pool2d`].
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d(xs: &Value, window: Geometry2d, count_include_pad: bool) -> Result<Value> {
    const OP: &str = "avg_pool2d";
    let (input, output) = shapes(OP, xs, window)?;
    if window.dilation != [1, 1] {
        let reason = format!("must be 1, got {:?}", window.dilation);
        return Err(Error::config(OP, "dilation", reason));
    }
    let pool = AveragePool {
        input,
        output,
        windows: Windows::Moving(window),
        count_include_pad,
    };
    average_pool(OP, xs, pool)
}

/// The mean over windows that share the picture out evenly, `torch.nn.AdaptiveAvgPool2d`.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels, size 0, size 1).
///
/// # Errors
/// [`Error::Shape`] if the input is no batch of pictures or has no pixels, [`Error::Config`] if the
/// size is 0, [`Error::Backend`] if the device fails.
pub fn adaptive_avg_pool2d(xs: &Value, size: [usize; 2]) -> Result<Value> {
    const OP: &str = "adaptive_avg_pool2d";
    let (input, output) = adaptive(OP, xs, size)?;
    let pool = AveragePool {
        input,
        output,
        windows: Windows::Adaptive,
        count_include_pad: false,
    };
    average_pool(OP, xs, pool)
}

/// The largest value of windows that share the picture out evenly, `torch.nn.AdaptiveMaxPool2d`.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels, size 0, size 1).
///
/// # Errors
/// As [`adaptive_avg_pool2d`].
pub fn adaptive_max_pool2d(xs: &Value, size: [usize; 2]) -> Result<Value> {
    const OP: &str = "adaptive_max_pool2d";
    let (input, output) = adaptive(OP, xs, size)?;
    max_pool(OP, xs, input, output, Windows::Adaptive)
}

/// The mean over height and width, `torch.nn.AdaptiveAvgPool2d(1)` flattened.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels).
///
/// # Errors
/// As [`adaptive_avg_pool2d`].
pub fn global_avg_pool2d(xs: &Value) -> Result<Value> {
    flatten(&adaptive_avg_pool2d(xs, [1, 1])?)
}

/// The largest value over height and width, `torch.nn.AdaptiveMaxPool2d(1)` flattened.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels).
///
/// # Errors
/// As [`adaptive_avg_pool2d`].
pub fn global_max_pool2d(xs: &Value) -> Result<Value> {
    flatten(&adaptive_max_pool2d(xs, [1, 1])?)
}

fn max_pool(
    op: &'static str,
    xs: &Value,
    input: Pictures,
    output: Pictures,
    windows: Windows,
) -> Result<Value> {
    let pool = MaxPool::new(input, output, windows);
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::max_pool(xs, &pool, op).map(Value::gpu),
        View::Device(xs) => {
            return composed::max_pool2d(xs, &pool)
                .map(Value::device)
                .during(op);
        }
        View::Traced(xs) => {
            let operation = match windows {
                Windows::Moving(window) => Operation::MaxPool2d { window },
                Windows::Adaptive => Operation::AdaptiveMaxPool2d {
                    size: [output.height, output.width],
                },
            };
            return xs.then(operation, dims(output));
        }
    };
    let mut y = Buffer::stale(output.len());
    let Some(parent) = xs.node().filter(|_| records(&[xs], [])).cloned() else {
        pool.forward_only(xs.source(), &mut y);
        return Ok(pooled(xs, output, y, None));
    };
    let places = pool.forward(xs.source(), &mut y);
    let way_back = |y: &Arc<Buffer>| {
        let y = Arc::clone(y);
        Node::new(move |dy, flow| {
            let dx = if pool.unpools() {
                Gradient::unpooled(input, Unpool::new(pool, places, y, dy.into_stored()))
            } else {
                let mut dx = Buffer::stale(input.len());
                pool.backward(dy.source(), &places, &mut dx);
                Gradient::stored(input, dx)
            };
            flow.give(&parent, dx);
            Ok(())
        })
    };
    let host = Host::result_with(dims(output), output, y, xs.tracked(), way_back);
    Ok(Value::host(host))
}

fn average_pool(op: &'static str, xs: &Value, pool: AveragePool) -> Result<Value> {
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::average_pool(xs, &pool, op).map(Value::gpu),
        View::Device(xs) => {
            return composed::avg_pool2d(xs, &pool)
                .map(Value::device)
                .during(op);
        }
        View::Traced(xs) => {
            let operation = match pool.windows {
                Windows::Moving(window) => Operation::AvgPool2d {
                    window,
                    count_include_pad: pool.count_include_pad,
                },
                Windows::Adaptive => Operation::AdaptiveAvgPool2d {
                    size: [pool.output.height, pool.output.width],
                },
            };
            return xs.then(operation, dims(pool.output));
        }
    };
    let mut y = Buffer::stale(pool.output.len());
    pool.forward(xs.source(), &mut y);
    let node = xs
        .node()
        .filter(|_| records(&[xs], []))
        .cloned()
        .map(|parent| {
            Node::new(move |dy, flow| {
                let mut dx = Buffer::stale(pool.input.len());
                pool.backward(dy.source(), &mut dx);
                flow.give(&parent, Gradient::stored(pool.input, dx));
                Ok(())
            })
        });
    Ok(pooled(xs, pool.output, y, node))
}

fn pooled(xs: &Host, output: Pictures, y: Buffer, node: Option<Arc<Node>>) -> Value {
    Value::host(Host::result(dims(output), output, y, xs.tracked(), node))
}

fn dims(of: Pictures) -> Vec<usize> {
    vec![of.batch, of.channels, of.height, of.width]
}

fn input(op: &'static str, xs: &Value) -> Result<Pictures> {
    match *xs.dims() {
        [batch, channels, height, width] => Ok(Pictures {
            batch,
            height,
            width,
            channels,
        }),
        ref got => {
            let expected = "an input (batch, channels, height, width)";
            Err(Error::shape(op, expected, format!("{got:?}")))
        }
    }
}

fn shapes(op: &'static str, xs: &Value, window: Geometry2d) -> Result<(Pictures, Pictures)> {
    let input = input(op, xs)?;
    let [height, width] = window.output(op, [input.height, input.width])?;
    if (0..2).any(|axis| window.padding[axis] * 2 > window.kernel[axis]) {
        let reason = format!(
            "must be at most half the kernel {:?}, got {:?}",
            window.kernel, window.padding
        );
        return Err(Error::config(op, "padding", reason));
    }
    let output = Pictures {
        height,
        width,
        ..input
    };
    Ok((input, output.checked(op)?))
}

fn adaptive(
    op: &'static str,
    xs: &Value,
    [height, width]: [usize; 2],
) -> Result<(Pictures, Pictures)> {
    let input = input(op, xs)?;
    if height == 0 || width == 0 {
        return Err(Error::config(op, "size", "must be at least 1, got 0"));
    }
    if input.height == 0 || input.width == 0 {
        let got = format!("{:?}", xs.dims());
        return Err(Error::shape(op, "pictures of at least one pixel", got));
    }
    let output = Pictures {
        height,
        width,
        ..input
    };
    Ok((input, output.checked(op)?))
}
