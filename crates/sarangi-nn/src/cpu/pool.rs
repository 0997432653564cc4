//! Maximum pooling with the place of each maximum kept for the gradient.

use rayon::prelude::*;

use crate::ops::Geometry2d;

/// Shapes of a pooling over `planes` pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    pub(crate) planes: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) window: Geometry2d,
}

impl Pool {
    /// The maxima, and where in its plane each lies. The first of equals wins and NaN beats
    /// everything, as in torch; padding never wins.
    pub(crate) fn forward(&self, x: &[f32]) -> (Vec<f32>, Vec<u32>) {
        let [h, w] = self.input;
        let [oh, ow] = self.output;
        let mut y = vec![f32::NEG_INFINITY; self.planes * oh * ow];
        let mut places = vec![0u32; y.len()];
        let taps = |axis: usize, out: usize| {
            let start = out * self.window.stride[axis];
            (0..self.window.kernel[axis]).filter_map(move |tap| {
                (start + tap * self.window.dilation[axis])
                    .checked_sub(self.window.padding[axis])
                    .filter(|&at| at < self.input[axis])
            })
        };
        y.par_chunks_mut((oh * ow).max(1))
            .zip(places.par_chunks_mut((oh * ow).max(1)))
            .zip(x.par_chunks((h * w).max(1)))
            .for_each(|((y, places), x)| {
                for oy in 0..oh {
                    for ox in 0..ow {
                        let mut best = f32::NEG_INFINITY;
                        let mut place = None;
                        for iy in taps(0, oy) {
                            for ix in taps(1, ox) {
                                let value = x[iy * w + ix];
                                if place.is_none() || value > best || value.is_nan() {
                                    best = value;
                                    place = Some(iy * w + ix);
                                }
                            }
                        }
                        y[oy * ow + ox] = best;
                        places[oy * ow + ox] = place.unwrap_or(0) as u32;
                    }
                }
            });
        (y, places)
    }

    /// The gradient of x: each output's gradient goes to its maximum.
    pub(crate) fn backward(&self, dy: &[f32], places: &[u32]) -> Vec<f32> {
        let (plane, pooled) = (
            (self.input[0] * self.input[1]).max(1),
            (self.output[0] * self.output[1]).max(1),
        );
        let mut dx = vec![0.0; self.planes * self.input[0] * self.input[1]];
        dx.par_chunks_mut(plane)
            .zip(dy.par_chunks(pooled))
            .zip(places.par_chunks(pooled))
            .for_each(|((dx, dy), places)| {
                for (&place, &gradient) in places.iter().zip(dy) {
                    dx[place as usize] += gradient;
                }
            });
        dx
    }
}
