//! The operations as their definitions say, in f64 and in plain loops.

use ndarray::{Array4, Axis, Ix2, Ix4, concatenate};
use sarangi_nn::Geometry2d;

use crate::differences::Array;

/// Where tap `tap` of output `output` reads along an axis, unless that is padding.
fn place(w: Geometry2d, axis: usize, output: usize, tap: usize, size: usize) -> Option<usize> {
    let padded = output * w.stride[axis] + tap * w.dilation[axis];
    let at = padded.checked_sub(w.padding[axis])?;
    (at < size).then_some(at)
}

fn output(w: Geometry2d, axis: usize, size: usize) -> usize {
    let reach = w.dilation[axis] * (w.kernel[axis] - 1) + 1;
    (size + 2 * w.padding[axis] - reach) / w.stride[axis] + 1
}

pub(crate) fn conv2d(
    x: &Array,
    filter: &Array,
    bias: Option<&Array>,
    window: Geometry2d,
    groups: usize,
) -> Array {
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let filter = filter.view().into_dimensionality::<Ix4>().unwrap();
    let (batch, _, height, width) = x.dim();
    let (outputs, per_group, kernel_height, kernel_width) = filter.dim();
    let (oh, ow) = (output(window, 0, height), output(window, 1, width));
    let mut y = Array4::zeros((batch, outputs, oh, ow));
    for ((n, o, i, j), y) in y.indexed_iter_mut() {
        let first = o / (outputs / groups) * per_group;
        *y = bias.map_or(0.0, |bias| bias[[o]]);
        for ky in 0..kernel_height {
            let Some(iy) = place(window, 0, i, ky, height) else {
                continue;
            };
            for kx in 0..kernel_width {
                let Some(ix) = place(window, 1, j, kx, width) else {
                    continue;
                };
                for c in 0..per_group {
                    *y += filter[[o, c, ky, kx]] * x[[n, first + c, iy, ix]];
                }
            }
        }
    }
    y.into_dyn()
}

/// For each window the values that it sees, through `reduce`.
fn pool(
    x: &Array,
    sizes: [usize; 2],
    reads: impl Fn(usize, usize) -> Vec<usize>,
    reduce: impl Fn(&[f64]) -> f64,
) -> Array {
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let (batch, channels, ..) = x.dim();
    let rows: Vec<_> = (0..sizes[0]).map(|i| reads(0, i)).collect();
    let columns: Vec<_> = (0..sizes[1]).map(|j| reads(1, j)).collect();
    let mut seen = Vec::new();
    Array4::from_shape_fn((batch, channels, sizes[0], sizes[1]), |(n, c, i, j)| {
        seen.clear();
        for &iy in &rows[i] {
            seen.extend(columns[j].iter().map(|&ix| x[[n, c, iy, ix]]));
        }
        reduce(&seen)
    })
    .into_dyn()
}

fn moving_pool(x: &Array, w: Geometry2d, reduce: impl Fn(&[f64]) -> f64) -> Array {
    let input = [x.shape()[2], x.shape()[3]];
    let reads = |axis: usize, output: usize| {
        let taps = 0..w.kernel[axis];
        taps.filter_map(|tap| place(w, axis, output, tap, input[axis]))
            .collect()
    };
    pool(
        x,
        [0, 1].map(|axis| output(w, axis, input[axis])),
        reads,
        reduce,
    )
}

fn adaptive_pool(x: &Array, sizes: [usize; 2], reduce: impl Fn(&[f64]) -> f64) -> Array {
    let input = [x.shape()[2], x.shape()[3]];
    let reads = |axis: usize, i: usize| {
        let (from, to) = (input[axis], sizes[axis]);
        (i * from / to..((i + 1) * from).div_ceil(to)).collect()
    };
    pool(x, sizes, reads, reduce)
}

fn maximum(seen: &[f64]) -> f64 {
    seen.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn mean(seen: &[f64]) -> f64 {
    seen.iter().sum::<f64>() / seen.len() as f64
}

pub(crate) fn max_pool2d(x: &Array, window: Geometry2d) -> Array {
    moving_pool(x, window, maximum)
}

pub(crate) fn avg_pool2d(x: &Array, window: Geometry2d, count_include_pad: bool) -> Array {
    let area = (window.kernel[0] * window.kernel[1]) as f64;
    match count_include_pad {
        true => moving_pool(x, window, |seen| seen.iter().sum::<f64>() / area),
        false => moving_pool(x, window, mean),
    }
}

pub(crate) fn adaptive_max_pool2d(x: &Array, sizes: [usize; 2]) -> Array {
    adaptive_pool(x, sizes, maximum)
}

pub(crate) fn adaptive_avg_pool2d(x: &Array, sizes: [usize; 2]) -> Array {
    adaptive_pool(x, sizes, mean)
}

pub(crate) fn global_avg_pool2d(x: &Array) -> Array {
    flatten(&adaptive_avg_pool2d(x, [1, 1]))
}

pub(crate) fn batch_norm_eval(
    x: &Array,
    gamma: &Array,
    beta: &Array,
    statistics: impl Fn(usize) -> (f64, f64),
    eps: f64,
) -> Array {
    let mut y = x.clone();
    for (c, mut plane) in y.axis_iter_mut(Axis(1)).enumerate() {
        let (mean, variance) = statistics(c);
        plane.mapv_inplace(|v| (v - mean) / (variance + eps).sqrt() * gamma[[c]] + beta[[c]]);
    }
    y
}

pub(crate) fn batch_norm_train(x: &Array, gamma: &Array, beta: &Array, eps: f64) -> Array {
    let statistics = |c: usize| {
        let plane = x.index_axis(Axis(1), c);
        let mean = plane.sum() / plane.len() as f64;
        let squares: f64 = plane.iter().map(|v| (v - mean).powi(2)).sum();
        (mean, squares / plane.len() as f64)
    };
    batch_norm_eval(x, gamma, beta, statistics, eps)
}

pub(crate) fn sigmoid(x: &Array) -> Array {
    x.mapv(|v| 1.0 / (1.0 + (-v).exp()))
}

pub(crate) fn relu(x: &Array) -> Array {
    x.mapv(|v| v.max(0.0))
}

pub(crate) fn relu6(x: &Array) -> Array {
    x.mapv(|v| v.clamp(0.0, 6.0))
}

pub(crate) fn linear(x: &Array, weight: &Array, bias: Option<&Array>) -> Array {
    let matrix = |a: &Array| a.clone().into_dimensionality::<Ix2>().unwrap();
    let y = matrix(x).dot(&matrix(weight).t()).into_dyn();
    match bias {
        Some(bias) => y + bias,
        None => y,
    }
}

pub(crate) fn flatten(x: &Array) -> Array {
    let (batch, rest) = (x.shape()[0], x.shape()[1..].iter().product());
    x.to_shape(vec![batch, rest]).unwrap().into_owned()
}

pub(crate) fn concat(parts: &[&Array]) -> Array {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(1), &views).unwrap()
}

pub(crate) fn resize_bilinear(x: &Array, sizes: [usize; 2], align_corners: bool) -> Array {
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let (batch, channels, height, width) = x.dim();
    // The pixel before, the one after, and how far between them.
    let between = |i: usize, from: usize, to: usize| {
        let place = match (align_corners, to) {
            (true, 1) => 0.0,
            (true, _) => (i * (from - 1)) as f64 / (to - 1) as f64,
            (false, _) => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0),
        };
        let low = (place as usize).min(from - 1);
        (low, (low + 1).min(from - 1), place - low as f64)
    };
    Array4::from_shape_fn((batch, channels, sizes[0], sizes[1]), |(n, c, i, j)| {
        let (top, bottom, down) = between(i, height, sizes[0]);
        let (left, right, along) = between(j, width, sizes[1]);
        let row = |y: usize| x[[n, c, y, left]] * (1.0 - along) + x[[n, c, y, right]] * along;
        row(top) * (1.0 - down) + row(bottom) * down
    })
    .into_dyn()
}

pub(crate) fn softmax(logits: &Array) -> Array {
    let mut y = logits.mapv(f64::exp);
    for mut row in y.axis_iter_mut(Axis(0)) {
        row /= row.sum();
    }
    y
}

pub(crate) fn log_softmax(logits: &Array) -> Array {
    softmax(logits).mapv(f64::ln)
}
