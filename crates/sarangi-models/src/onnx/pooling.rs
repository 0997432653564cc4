//! Adaptive pooling, which ONNX does not have.

use sarangi_core::{Error, Result};
use sarangi_nn::{Geometry2d, GraphNode};

use super::OP;
use super::nodes::{moving, slice};
use super::proto::int;
use super::writer::Writer;

#[derive(Clone, Copy, Debug)]
pub(super) enum Pooling {
    Max,
    Average,
}

impl Pooling {
    fn one(self) -> &'static str {
        match self {
            Self::Max => "MaxPool",
            Self::Average => "AveragePool",
        }
    }

    fn all(self) -> &'static str {
        match self {
            Self::Max => "GlobalMaxPool",
            Self::Average => "GlobalAveragePool",
        }
    }
}

/// The windows along one axis as start and length, by torch's rule: output i of n reads the inputs
/// ⌊i · size / n⌋ to ⌈(i + 1) · size / n⌉.
fn windows(inputs: usize, outputs: usize) -> Vec<[usize; 2]> {
    let window = |i: usize| {
        let start = i * inputs / outputs;
        [start, ((i + 1) * inputs).div_ceil(outputs) - start]
    };
    (0..outputs).map(window).collect()
}

/// Size and step of the window if it is one that moves.
fn regular(windows: &[[usize; 2]]) -> Option<[usize; 2]> {
    let (&[_, length], rest) = windows.split_first()?;
    let step = rest.first().map_or(1, |&[start, _]| start);
    let even = |(i, &[start, other]): (usize, &[usize; 2])| start == i * step && other == length;
    (step > 0 && windows.iter().enumerate().all(even)).then_some([length, step])
}

/// The largest value or the mean of a rectangle is that of the rows' largest values or means, so
/// that the axes can be gone through one after the other.
pub(super) fn adaptive(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    pooling: Pooling,
    output: Option<&str>,
) -> Result<String> {
    let (mut x, dims) = writer.read(node)?;
    let (&[.., height, width], &[.., out_height, out_width]) = (dims, node.dims.as_slice()) else {
        let got = format!("{dims:?}");
        return Err(Error::shape(OP, "pictures", got));
    };
    if [out_height, out_width] == [1, 1] {
        return Ok(writer.node(pooling.all(), &[&x], Vec::new(), output));
    }
    let axes = [windows(height, out_height), windows(width, out_width)];
    if let [Some(rows), Some(columns)] = axes.each_ref().map(|axis| regular(axis)) {
        let window = Geometry2d {
            stride: [rows[1], columns[1]],
            ..Geometry2d::new([rows[0], columns[0]])
        };
        return Ok(pool(writer, &x, pooling, window, output));
    }
    for (axis, windows) in axes.iter().enumerate() {
        let output = output.filter(|_| axis == 1);
        let along = |kernel, stride| {
            let (mut kernels, mut strides) = ([1, 1], [1, 1]);
            (kernels[axis], strides[axis]) = (kernel, stride);
            Geometry2d {
                stride: strides,
                ..Geometry2d::new(kernels)
            }
        };
        x = match regular(windows) {
            Some([kernel, stride]) => pool(writer, &x, pooling, along(kernel, stride), output),
            None => {
                let mut parts = Vec::new();
                for &[start, length] in windows {
                    let part = slice(writer, &x, axis + 2, [start, start + length], None);
                    parts.push(pool(writer, &part, pooling, along(length, 1), None));
                }
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                writer.node("Concat", &parts, vec![int("axis", axis + 2)], output)
            }
        };
    }
    Ok(x)
}

fn pool(
    writer: &mut Writer<'_>,
    x: &str,
    pooling: Pooling,
    window: Geometry2d,
    output: Option<&str>,
) -> String {
    writer.node(pooling.one(), &[x], moving(&window), output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_move_are_told_from_others() {
        assert_eq!(regular(&windows(12, 4)), Some([3, 3]));
        assert_eq!(regular(&windows(7, 7)), Some([1, 1]));
        assert_eq!(regular(&windows(9, 1)), Some([9, 1]));
        // 0..3, 2..5, 4..7
        assert_eq!(regular(&windows(7, 3)), Some([3, 2]));
        // 0..2, 1..4, 3..5
        assert_eq!(windows(5, 3), [[0, 2], [1, 3], [3, 2]]);
        assert_eq!(regular(&windows(5, 3)), None);
        // Each pixel twice.
        assert_eq!(regular(&windows(2, 4)), None);
    }
}
