//! The fully connected layer.

use super::gemm::{Strides, matmul};

/// Shapes of y (batch, out) = x (batch, in) · weightᵀ (out, in).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense {
    pub(crate) batch: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Dense {
    pub(crate) fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let mut y = bias.repeat(self.batch);
        let (x, w) = (
            (x, Strides::row_major(self.inputs)),
            Strides::transposed(self.inputs),
        );
        matmul(
            (self.batch, self.outputs, self.inputs),
            x,
            (weight, w),
            &mut y,
            true,
        );
        y
    }

    pub(crate) fn backward_data(&self, dy: &[f32], weight: &[f32]) -> Vec<f32> {
        let mut dx = vec![0.0; self.batch * self.inputs];
        let dy = (dy, Strides::row_major(self.outputs));
        let weight = (weight, Strides::row_major(self.inputs));
        matmul(
            (self.batch, self.inputs, self.outputs),
            dy,
            weight,
            &mut dx,
            false,
        );
        dx
    }

    pub(crate) fn backward_weight(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let mut weight = vec![0.0; self.outputs * self.inputs];
        let mut bias = vec![0.0; self.outputs];
        for row in dy.chunks_exact(self.outputs) {
            bias.iter_mut().zip(row).for_each(|(a, b)| *a += b);
        }
        let dy = (dy, Strides::transposed(self.outputs));
        let x = (x, Strides::row_major(self.inputs));
        matmul(
            (self.outputs, self.inputs, self.batch),
            dy,
            x,
            &mut weight,
            false,
        );
        (weight, bias)
    }
}
