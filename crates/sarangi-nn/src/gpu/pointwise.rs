//! Operations on one value at a time.

use candle_core::{DType, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::device::fresh;
use super::launch::{Arg, Grid, count, launch};
use super::resident::records;
use crate::backward::GpuNode;
use crate::cpu::map::Activation;
use crate::cpu::mask::Mask;

/// A rectifier.
pub(crate) fn clamp(xs: &Resident, activation: Activation, op: &'static str) -> Result<Resident> {
    let x = xs.values();
    let y = like(x).during(op)?;
    let args = |y| -> candle_core::Result<[Arg<'_>; 5]> {
        let [low, high] = ends(activation);
        Ok([count(x.elem_count())?, Arg::Reads(x), low, high, y])
    };
    args(Arg::Writes(&y))
        .and_then(|args| run("clamp", x, &args))
        .during(op)?;
    let node = back(xs, |parent| {
        let y = y.clone();
        GpuNode::new(move |dy: Tensor, flow| {
            flow.give(&parent, clamp_gradient(&y, &dy, activation).during(op)?);
            Ok(())
        })
    });
    Ok(follow(xs, y, node))
}

/// The gradient of what was clamped to `y`.
fn clamp_gradient(y: &Tensor, dy: &Tensor, activation: Activation) -> candle_core::Result<Tensor> {
    let dx = like(y)?;
    let [low, high] = ends(activation);
    let args = [
        count(y.elem_count())?,
        Arg::Reads(y),
        Arg::Reads(dy),
        low,
        high,
        Arg::Writes(&dx),
    ];
    run("clamp_gradient", y, &args)?;
    Ok(dx)
}

fn ends(activation: Activation) -> [Arg<'static>; 2] {
    [activation.low, activation.high].map(Arg::Number)
}

/// The sum of two values behind an activation.
pub(crate) fn add(a: &Resident, b: &Resident, activation: Activation) -> Result<Resident> {
    const OP: &str = "add";
    let [x, z] = [a, b].map(Resident::values);
    let y = like(x).during(OP)?;
    let [low, high] = ends(activation);
    let sum = || {
        let args = [
            count(x.elem_count())?,
            Arg::Reads(x),
            Arg::Reads(z),
            low,
            high,
            Arg::Writes(&y),
        ];
        run("add_clamp", x, &args)
    };
    sum().during(OP)?;
    let node = records(&[a, b], []).then(|| {
        let parents = [a, b].map(|value| value.node().cloned());
        let y = (activation != Activation::NONE).then(|| y.clone());
        GpuNode::new(move |dy: Tensor, flow| {
            let dy = match y {
                Some(y) => clamp_gradient(&y, &dy, activation).during(OP)?,
                None => dy,
            };
            for parent in parents.iter().flatten() {
                flow.give(parent, dy.clone());
            }
            Ok(())
        })
    });
    let tracked = a.tracked() || b.tracked();
    Ok(Resident::result(a.dims().to_vec(), y, tracked, node))
}

/// The values times 0 or the mask's scale.
pub(crate) fn dropout(xs: &Resident, mask: Mask, op: &'static str) -> Result<Resident> {
    let y = masked(xs.values(), mask).during(op)?;
    let node = back(xs, |parent| {
        GpuNode::new(move |dy: Tensor, flow| {
            flow.give(&parent, masked(&dy, mask).during(op)?);
            Ok(())
        })
    });
    Ok(follow(xs, y, node))
}

fn masked(x: &Tensor, mask: Mask) -> candle_core::Result<Tensor> {
    let y = like(x)?;
    let ([key0, key1], threshold, scale) = mask.numbers();
    let args = [
        count(x.elem_count())?,
        Arg::Count(key0),
        Arg::Count(key1),
        Arg::Count(threshold),
        Arg::Number(scale),
        Arg::Reads(x),
        Arg::Writes(&y),
    ];
    run("dropout", x, &args)?;
    Ok(y)
}

/// The product of two values.
pub(crate) fn mul(a: &Resident, b: &Resident, op: &'static str) -> Result<Resident> {
    let y = (a.values() * b.values()).during(op)?;
    let node = records(&[a, b], []).then(|| {
        let ways = [(a, b), (b, a)].map(|(to, other)| (to.node().cloned(), other.values().clone()));
        GpuNode::new(move |dy: Tensor, flow| {
            for (parent, other) in ways {
                if let Some(parent) = parent {
                    flow.give(&parent, (&dy * other).during(op)?);
                }
            }
            Ok(())
        })
    });
    let tracked = a.tracked() || b.tracked();
    Ok(Resident::result(a.dims().to_vec(), y, tracked, node))
}

/// The product with a number.
pub(crate) fn mul_scalar(xs: &Resident, scalar: f32, op: &'static str) -> Result<Resident> {
    let scaled = move |x: &Tensor| x.affine(f64::from(scalar), 0.0).during(op);
    let y = scaled(xs.values())?;
    let node = back(xs, |parent| {
        GpuNode::new(move |dy: Tensor, flow| {
            flow.give(&parent, scaled(&dy)?);
            Ok(())
        })
    });
    Ok(follow(xs, y, node))
}

/// The logistic function.
pub(crate) fn sigmoid(xs: &Resident, op: &'static str) -> Result<Resident> {
    let y = crate::composed::sigmoid(xs.values()).during(op)?;
    let node = back(xs, |parent| {
        let y = y.clone();
        GpuNode::new(move |dy: Tensor, flow| {
            let slope = || &y * y.affine(-1.0, 1.0)?;
            let dx = slope().and_then(|slope| dy * slope).during(op)?;
            flow.give(&parent, dx);
            Ok(())
        })
    });
    Ok(follow(xs, y, node))
}

/// Adds each channel's number to (pixels, channels), in place.
pub(super) fn add_bias(y: &Tensor, bias: &Tensor) -> candle_core::Result<()> {
    let args = [
        count(y.elem_count())?,
        count(bias.elem_count())?,
        Arg::Reads(bias),
        Arg::Writes(y),
    ];
    run("add_bias", y, &args)
}

/// Memory for a result of the same shape and type.
pub(super) fn like(x: &Tensor) -> candle_core::Result<Tensor> {
    fresh(x.shape(), x.dtype(), x.device())
}

/// A launch that goes through the values of `x`.
fn run(kernel: &'static str, x: &Tensor, args: &[Arg<'_>]) -> candle_core::Result<()> {
    let width = match x.dtype() {
        DType::F32 => 4,
        _ => 8,
    };
    let grid = Grid::over(x.elem_count().div_ceil(width));
    launch(kernel, x.dtype(), x.device(), grid, args)
}

/// The way back of an operation on one value that has one.
pub(super) fn back(
    xs: &Resident,
    node: impl FnOnce(std::sync::Arc<GpuNode>) -> std::sync::Arc<GpuNode>,
) -> Option<std::sync::Arc<GpuNode>> {
    xs.node().filter(|_| records(&[xs], [])).cloned().map(node)
}

/// The result of an operation that changes no shape.
pub(super) fn follow(xs: &Resident, y: Tensor, node: Option<std::sync::Arc<GpuNode>>) -> Resident {
    Resident::result(xs.dims().to_vec(), y, xs.tracked(), node)
}
