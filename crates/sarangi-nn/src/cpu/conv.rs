//! Convolution by im2col and matrix products, image by image.

use rayon::prelude::*;

use super::gemm::{Strides, matmul};
use crate::ops::Geometry2d;

/// Everything about one convolution's shapes, checked by the operation that makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv {
    pub(crate) batch: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) groups: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) window: Geometry2d,
}

/// How many parts the batch is cut into for the filter gradient. Fixed, because each part is a sum
/// and the parts are added in order: the bits must not depend on the number of threads.
const PARTS: usize = 8;

impl Conv {
    fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    fn image(&self) -> usize {
        self.in_channels * self.input[0] * self.input[1]
    }

    fn out_image(&self) -> usize {
        self.out_channels * self.pixels()
    }

    /// Products that one output sums over: the columns of the filter matrix of a group.
    fn taps(&self) -> usize {
        self.in_channels / self.groups * self.window.kernel[0] * self.window.kernel[1]
    }

    /// Whether the image itself is the matrix that im2col would make.
    fn is_pointwise(&self) -> bool {
        let Geometry2d {
            kernel,
            stride,
            padding,
            ..
        } = self.window;
        kernel == [1, 1] && stride == [1, 1] && padding == [0, 0]
    }

    /// y (batch, out, oh, ow) from x (batch, in, h, w), the filter (out, in/groups, kh, kw), and
    /// the bias (out) or nothing.
    pub(crate) fn forward(&self, x: &[f32], filter: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let mut y = vec![0.0; self.batch * self.out_image()];
        let (out, pixels, taps) = (self.out_channels / self.groups, self.pixels(), self.taps());
        y.par_chunks_mut(self.out_image().max(1))
            .enumerate()
            .for_each_init(
                || self.columns(),
                |columns, (n, y)| {
                    if let Some(bias) = bias {
                        y.chunks_exact_mut(pixels)
                            .zip(bias)
                            .for_each(|(row, &b)| row.fill(b));
                    }
                    let x = &x[n * self.image()..][..self.image()];
                    for (group, y) in y.chunks_exact_mut(out * pixels).enumerate() {
                        let columns = self.gather(x, group, columns);
                        let filter = &filter[group * out * taps..][..out * taps];
                        matmul(
                            (out, pixels, taps),
                            (filter, Strides::row_major(taps)),
                            (columns, Strides::row_major(pixels)),
                            y,
                            bias.is_some(),
                        );
                    }
                },
            );
        y
    }

    /// The gradient of x from that of y.
    pub(crate) fn backward_data(&self, dy: &[f32], filter: &[f32]) -> Vec<f32> {
        let mut dx = vec![0.0; self.batch * self.image()];
        let (out, pixels, taps) = (self.out_channels / self.groups, self.pixels(), self.taps());
        let group_image = self.image() / self.groups;
        dx.par_chunks_mut(self.image().max(1))
            .enumerate()
            .for_each_init(
                || vec![0.0; taps * pixels],
                |columns, (n, dx)| {
                    let dy = &dy[n * self.out_image()..][..self.out_image()];
                    for (group, dx) in dx.chunks_exact_mut(group_image).enumerate() {
                        let dy = &dy[group * out * pixels..][..out * pixels];
                        let filter = &filter[group * out * taps..][..out * taps];
                        let to: &mut [f32] = if self.is_pointwise() { dx } else { columns };
                        matmul(
                            (taps, pixels, out),
                            (filter, Strides::transposed(taps)),
                            (dy, Strides::row_major(pixels)),
                            to,
                            false,
                        );
                        if !self.is_pointwise() {
                            self.scatter(columns, dx);
                        }
                    }
                },
            );
        dx
    }

    /// The gradients of the filter and of the bias from that of y.
    pub(crate) fn backward_filter(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (out, pixels, taps) = (self.out_channels / self.groups, self.pixels(), self.taps());
        let per_part = self.batch.div_ceil(PARTS).max(1);
        let parts: Vec<(Vec<f32>, Vec<f32>)> = (0..self.batch.div_ceil(per_part))
            .into_par_iter()
            .map(|part| {
                let mut filter = vec![0.0; self.out_channels * taps];
                let mut bias = vec![0.0; self.out_channels];
                let mut columns = self.columns();
                for n in part * per_part..((part + 1) * per_part).min(self.batch) {
                    let x = &x[n * self.image()..][..self.image()];
                    let dy = &dy[n * self.out_image()..][..self.out_image()];
                    for (total, row) in bias.iter_mut().zip(dy.chunks_exact(pixels)) {
                        *total += sum(row);
                    }
                    for (group, filter) in filter.chunks_exact_mut(out * taps).enumerate() {
                        let columns = self.gather(x, group, &mut columns);
                        matmul(
                            (out, taps, pixels),
                            (&dy[group * out * pixels..], Strides::row_major(pixels)),
                            (columns, Strides::transposed(pixels)),
                            filter,
                            true,
                        );
                    }
                }
                (filter, bias)
            })
            .collect();
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_else(|| {
            (
                vec![0.0; self.out_channels * taps],
                vec![0.0; self.out_channels],
            )
        });
        parts.fold(first, |(mut filter, mut bias), (f, b)| {
            filter.iter_mut().zip(&f).for_each(|(a, b)| *a += b);
            bias.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
            (filter, bias)
        })
    }

    /// Room for what [`gather`](Self::gather) makes.
    fn columns(&self) -> Vec<f32> {
        if self.is_pointwise() {
            Vec::new()
        } else {
            vec![0.0; self.taps() * self.pixels()]
        }
    }

    /// im2col: row (channel, i, j) holds, for each output pixel, the input pixel under that tap.
    fn gather<'a>(&self, x: &'a [f32], group: usize, columns: &'a mut [f32]) -> &'a [f32] {
        let plane = self.input[0] * self.input[1];
        let channels = self.in_channels / self.groups;
        let x = &x[group * channels * plane..][..channels * plane];
        if self.is_pointwise() {
            return x;
        }
        let [kh, kw] = self.window.kernel;
        let [oh, ow] = self.output;
        for (row, columns) in columns.chunks_exact_mut(oh * ow).enumerate() {
            let (channel, i, j) = (row / (kh * kw), row / kw % kh, row % kw);
            let x = &x[channel * plane..][..plane];
            let (from, to) = self.inside(1, j);
            for (oy, line) in columns.chunks_exact_mut(ow).enumerate() {
                let Some(iy) = self.source(0, oy, i) else {
                    line.fill(0.0);
                    continue;
                };
                line[..from].fill(0.0);
                line[to..].fill(0.0);
                let Some(first) = self.source(1, from, j).filter(|_| from < to) else {
                    continue;
                };
                let x = &x[iy * self.input[1] + first..];
                match self.window.stride[1] {
                    1 => line[from..to].copy_from_slice(&x[..to - from]),
                    step => {
                        line[from..to]
                            .iter_mut()
                            .zip(x.iter().step_by(step))
                            .for_each(|(a, b)| *a = *b);
                    }
                }
            }
        }
        columns
    }

    /// The reverse of [`gather`](Self::gather): adds each column element to the pixel it came from.
    fn scatter(&self, columns: &[f32], dx: &mut [f32]) {
        let plane = self.input[0] * self.input[1];
        let [kh, kw] = self.window.kernel;
        let [oh, ow] = self.output;
        for (row, columns) in columns.chunks_exact(oh * ow).enumerate() {
            let (channel, i, j) = (row / (kh * kw), row / kw % kh, row % kw);
            let dx = &mut dx[channel * plane..][..plane];
            let (from, to) = self.inside(1, j);
            let Some(first) = self.source(1, from, j).filter(|_| from < to) else {
                continue;
            };
            for (oy, line) in columns.chunks_exact(ow).enumerate() {
                let Some(iy) = self.source(0, oy, i) else {
                    continue;
                };
                let dx = &mut dx[iy * self.input[1] + first..];
                let step = self.window.stride[1];
                dx.iter_mut()
                    .step_by(step)
                    .zip(&line[from..to])
                    .for_each(|(a, b)| *a += b);
            }
        }
    }

    /// The input coordinate under tap `tap` of output `out`, if it is not in the padding.
    fn source(&self, axis: usize, out: usize, tap: usize) -> Option<usize> {
        let w = &self.window;
        (out * w.stride[axis] + tap * w.dilation[axis])
            .checked_sub(w.padding[axis])
            .filter(|&at| at < self.input[axis])
    }

    /// The outputs from..to whose tap `tap` is not in the padding.
    fn inside(&self, axis: usize, tap: usize) -> (usize, usize) {
        let w = &self.window;
        let (stride, offset) = (w.stride[axis], tap * w.dilation[axis]);
        let from = w.padding[axis].saturating_sub(offset).div_ceil(stride);
        let to = (self.input[axis] + w.padding[axis])
            .saturating_sub(offset)
            .div_ceil(stride);
        let to = to.min(self.output[axis]);
        (from.min(to), to)
    }
}

/// The sum of a slice in sixteen partial sums: fast, and nearer the truth than one running sum.
pub(crate) fn sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(a, b)| *a += b);
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}
