//! From an operation to the nodes that do the same.

use sarangi_core::{Error, Result};
use sarangi_nn::{Geometry2d, GraphNode, Operation};

use super::OP;
use super::pooling::{Pooling, adaptive};
use super::proto::{AttributeProto, float, int, ints};
use super::resize::resize;
use super::writer::Writer;

/// Writes the nodes of one operation, whose result is called `output` if it has a name already.
pub(super) fn write(writer: &mut Writer<'_>, node: &GraphNode, output: Option<&str>) -> Result<()> {
    let value = match &node.operation {
        Operation::Add => several(writer, node, "Add", output)?,
        Operation::Mul => several(writer, node, "Mul", output)?,
        Operation::Concat => {
            let reads = writer.reads(node)?;
            let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
            writer.node("Concat", &reads, vec![int("axis", 1)], output)
        }
        Operation::Relu => one(writer, node, "Relu", Vec::new(), output)?,
        Operation::Sigmoid => one(writer, node, "Sigmoid", Vec::new(), output)?,
        Operation::Softmax => one(writer, node, "Softmax", vec![int("axis", 1)], output)?,
        Operation::LogSoftmax => one(writer, node, "LogSoftmax", vec![int("axis", 1)], output)?,
        Operation::Flatten => one(writer, node, "Flatten", vec![int("axis", 1)], output)?,
        Operation::Relu6 => {
            let low = writer.floats("zero", &[], &[0.0]);
            let high = writer.floats("six", &[], &[6.0]);
            with(writer, node, "Clip", &[&low, &high], Vec::new(), output)?
        }
        Operation::MulScalar { scalar } => {
            let scalar = writer.floats("scalar", &[], &[*scalar]);
            with(writer, node, "Mul", &[&scalar], Vec::new(), output)?
        }
        Operation::Permute { axes } => {
            let axes = vec![ints("perm", axes.iter().copied())];
            one(writer, node, "Transpose", axes, output)?
        }
        &Operation::Narrow {
            axis,
            start,
            length,
        } => {
            let (x, _) = writer.read(node)?;
            slice(
                writer,
                &x,
                axis,
                [start, start.saturating_add(length)],
                output,
            )
        }
        &Operation::Conv2d {
            filter,
            bias,
            window,
            groups,
        } => {
            let mut attributes = moving(&window);
            attributes.push(ints("dilations", window.dilation));
            attributes.push(int("group", groups));
            parameters(
                writer,
                node,
                "Conv",
                [Some(filter), bias],
                attributes,
                output,
            )?
        }
        &Operation::Linear { weight, bias } => {
            let turned = vec![int("transB", 1)];
            parameters(writer, node, "Gemm", [Some(weight), bias], turned, output)?
        }
        &Operation::BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            eps,
        } => {
            let numbers = [gamma, beta, mean, variance].map(Some);
            let eps = vec![float("epsilon", eps as f32)];
            parameters(writer, node, "BatchNormalization", numbers, eps, output)?
        }
        Operation::MaxPool2d { window } => {
            let mut attributes = moving(window);
            if window.dilation != [1, 1] {
                attributes.push(ints("dilations", window.dilation));
            }
            one(writer, node, "MaxPool", attributes, output)?
        }
        Operation::AvgPool2d {
            window,
            count_include_pad,
        } => {
            let mut attributes = moving(window);
            attributes.push(int("count_include_pad", usize::from(*count_include_pad)));
            one(writer, node, "AveragePool", attributes, output)?
        }
        Operation::AdaptiveMaxPool2d { .. } => adaptive(writer, node, Pooling::Max, output)?,
        Operation::AdaptiveAvgPool2d { .. } => adaptive(writer, node, Pooling::Average, output)?,
        &Operation::ResizeBilinear { align_corners, .. } => {
            resize(writer, node, align_corners, output)?
        }
    };
    writer.done(value);
    Ok(())
}

/// A node of one value.
fn one(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    op_type: &str,
    attributes: Vec<AttributeProto>,
    output: Option<&str>,
) -> Result<String> {
    with(writer, node, op_type, &[], attributes, output)
}

/// A node of one value and tensors.
fn with(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    op_type: &str,
    tensors: &[&str],
    attributes: Vec<AttributeProto>,
    output: Option<&str>,
) -> Result<String> {
    let (x, _) = writer.read(node)?;
    let inputs = [&[x.as_str()], tensors].concat();
    Ok(writer.node(op_type, &inputs, attributes, output))
}

/// A node of one value and parameters; those that come last may be missing.
fn parameters<const N: usize>(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    op_type: &str,
    numbers: [Option<usize>; N],
    attributes: Vec<AttributeProto>,
    output: Option<&str>,
) -> Result<String> {
    let names = numbers.into_iter().flatten();
    let names = names.map(|number| writer.constant(number).map(str::to_owned));
    let names = names.collect::<Result<Vec<_>>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    with(writer, node, op_type, &names, attributes, output)
}

/// A node of two values.
fn several(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    op_type: &str,
    output: Option<&str>,
) -> Result<String> {
    match &writer.reads(node)?[..] {
        [a, b] => Ok(writer.node(op_type, &[a, b], Vec::new(), output)),
        other => Err(Error::shape(OP, "a node of two inputs", other.len())),
    }
}

/// How a window moves.
pub(super) fn moving(window: &Geometry2d) -> Vec<AttributeProto> {
    let [height, width] = window.padding;
    vec![
        ints("kernel_shape", window.kernel),
        ints("strides", window.stride),
        // Begin and end of each axis.
        ints("pads", [height, width, height, width]),
    ]
}

/// The places from `range[0]` up to but not including `range[1]` of one axis.
pub(super) fn slice(
    writer: &mut Writer<'_>,
    x: &str,
    axis: usize,
    range: [usize; 2],
    output: Option<&str>,
) -> String {
    let [start, end, axis] = [range[0], range[1], axis]
        .map(|number| writer.integers(&format!("int.{number}"), &[number]));
    writer.node("Slice", &[x, &start, &end, &axis], Vec::new(), output)
}
