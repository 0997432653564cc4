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
    pub(crate) fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        if let Some(bias) = bias {
            for row in y.chunks_exact_mut(self.outputs.max(1)) {
                row.copy_from_slice(bias);
            }
        }
        let x = (x, Strides::row_major(self.inputs));
        let weight = (weight, Strides::transposed(self.inputs));
        matmul(
            (self.batch, self.outputs, self.inputs),
            x,
            weight,
            y,
            bias.is_some(),
        );
    }

    pub(crate) fn backward_data(&self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        let dy = (dy, Strides::row_major(self.outputs));
        let weight = (weight, Strides::row_major(self.inputs));
        matmul(
            (self.batch, self.inputs, self.outputs),
            dy,
            weight,
            dx,
            false,
        );
    }

    pub(crate) fn backward_weight(&self, x: &[f32], dy: &[f32], dweight: &mut [f32]) {
        let dy = (dy, Strides::transposed(self.outputs));
        let x = (x, Strides::row_major(self.inputs));
        matmul(
            (self.outputs, self.inputs, self.batch),
            dy,
            x,
            dweight,
            false,
        );
    }

    pub(crate) fn backward_bias(&self, dy: &[f32], dbias: &mut [f32]) {
        dbias.fill(0.0);
        for row in dy.chunks_exact(self.outputs.max(1)) {
            dbias.iter_mut().zip(row).for_each(|(a, b)| *a += b);
        }
    }
}
