//! Bilinear resizing.

use sarangi_core::{Error, Result};
use sarangi_nn::GraphNode;

use super::OP;
use super::writer::Writer;

/// A matrix product for each axis, with the shares that each pixel takes of its neighbours.
///
/// ONNX has an operator `Resize`, but what it does at the edges and with one pixel differs between
/// programs (tract 0.22 goes on beyond the edge as the last two pixels did), and given the sizes
/// as numbers it would fix the size of the batch.
pub(super) fn resize(
    writer: &mut Writer<'_>,
    node: &GraphNode,
    align_corners: bool,
    output: Option<&str>,
) -> Result<String> {
    let (mut x, dims) = writer.read(node)?;
    let (&[_, _, height, width], &[_, _, out_height, out_width]) = (dims, node.dims.as_slice())
    else {
        let expected = "pictures (batch, channels, height, width)";
        return Err(Error::shape(OP, expected, format!("{dims:?}")));
    };
    if width != out_width {
        let columns = transposed(&shares(width, out_width, align_corners), width);
        let columns = writer.floats("columns", &[width, out_width], &columns);
        let last = output.filter(|_| height == out_height);
        x = writer.node("MatMul", &[&x, &columns], Vec::new(), last);
    }
    if height != out_height {
        let rows = shares(height, out_height, align_corners);
        let rows = writer.floats("rows", &[out_height, height], &rows);
        x = writer.node("MatMul", &[&rows, &x], Vec::new(), output);
    }
    Ok(match (height, width) == (out_height, out_width) {
        true => writer.node("Identity", &[&x], Vec::new(), output),
        false => x,
    })
}

/// How much each pixel takes of each pixel before, (to, from).
fn shares(from: usize, to: usize, align_corners: bool) -> Vec<f32> {
    let mut shares = vec![0.0; to * from];
    for (i, row) in shares.chunks_exact_mut(from.max(1)).enumerate() {
        let place = match align_corners {
            true if to > 1 => i as f64 * (from - 1) as f64 / (to - 1) as f64,
            true => 0.0,
            false => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
        };
        let low = (place as usize).min(from - 1);
        let share = (place - low as f64) as f32;
        row[low] += 1.0 - share;
        row[(low + 1).min(from - 1)] += share;
    }
    shares
}

/// Rows of so many numbers as columns.
fn transposed(rows: &[f32], length: usize) -> Vec<f32> {
    let column = |i| rows.iter().skip(i).step_by(length.max(1)).copied();
    (0..length).flat_map(column).collect()
}
