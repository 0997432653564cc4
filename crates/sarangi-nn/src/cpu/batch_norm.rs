//! Batch normalisation, channel by channel.

use rayon::prelude::*;

use super::conv::sum;

/// Shapes: `batch` × `channels` × `plane` values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) plane: usize,
}

/// What normalises one channel: `(x − mean) · inverse deviation`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    pub(crate) mean: f32,
    /// The population variance of the batch, or the running variance.
    pub(crate) variance: f32,
    pub(crate) inverse_deviation: f32,
}

impl Moments {
    pub(crate) fn new(mean: f32, variance: f32, eps: f64) -> Self {
        let inverse_deviation = (1.0 / (f64::from(variance) + eps).sqrt()) as f32;
        Self {
            mean,
            variance,
            inverse_deviation,
        }
    }
}

impl Norm {
    /// How many values a channel has.
    pub(crate) fn count(&self) -> usize {
        self.batch * self.plane
    }

    /// The planes of channel `c`, in the order of the batch.
    fn planes<'a>(&self, x: &'a [f32], c: usize) -> impl Iterator<Item = &'a [f32]> {
        let (plane, channels) = (self.plane, self.channels);
        (0..self.batch).map(move |n| &x[(n * channels + c) * plane..][..plane])
    }

    /// Each channel's mean and population variance. Planes are summed in f32, their sums in f64;
    /// one thread sums a channel, so the bits do not depend on the number of threads.
    pub(crate) fn moments(&self, x: &[f32], eps: f64) -> Vec<Moments> {
        let count = self.count().max(1) as f64;
        (0..self.channels)
            .into_par_iter()
            .map_init(Vec::new, |squares, c| {
                let mean = self
                    .planes(x, c)
                    .map(|plane| f64::from(sum(plane)))
                    .sum::<f64>()
                    / count;
                let mean = mean as f32;
                let total: f64 = self
                    .planes(x, c)
                    .map(|plane| {
                        squares.clear();
                        squares.extend(plane.iter().map(|&v| (v - mean) * (v - mean)));
                        f64::from(sum(squares))
                    })
                    .sum();
                Moments::new(mean, (total / count) as f32, eps)
            })
            .collect()
    }

    /// y = (x − mean) / √(variance + eps) · gamma + beta.
    pub(crate) fn forward(
        &self,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        moments: &[Moments],
    ) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        let image = (self.channels * self.plane).max(1);
        y.par_chunks_mut(image)
            .zip(x.par_chunks(image))
            .for_each(|(y, x)| {
                let planes = y
                    .chunks_mut(self.plane.max(1))
                    .zip(x.chunks(self.plane.max(1)));
                for (c, (y, x)) in planes.enumerate() {
                    let scale = gamma[c] * moments[c].inverse_deviation;
                    let mean = moments[c].mean;
                    let shift = beta[c];
                    y.iter_mut()
                        .zip(x)
                        .for_each(|(y, &x)| *y = (x - mean) * scale + shift);
                }
            });
        y
    }

    /// The gradients of x, gamma and beta. With `batch_statistics` the mean and variance are
    /// functions of x; without, they are constants.
    pub(crate) fn backward(
        &self,
        x: &[f32],
        dy: &[f32],
        gamma: &[f32],
        moments: &[Moments],
        batch_statistics: bool,
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let sums: Vec<(f32, f32)> = (0..self.channels)
            .into_par_iter()
            .map_init(Vec::new, |products, c| {
                let Moments {
                    mean,
                    inverse_deviation,
                    ..
                } = moments[c];
                let mut dgamma = 0.0f64;
                let mut dbeta = 0.0f64;
                for (x, dy) in self.planes(x, c).zip(self.planes(dy, c)) {
                    products.clear();
                    products.extend(x.iter().zip(dy).map(|(&x, &dy)| (x - mean) * dy));
                    dgamma += f64::from(sum(products));
                    dbeta += f64::from(sum(dy));
                }
                ((dgamma * f64::from(inverse_deviation)) as f32, dbeta as f32)
            })
            .collect();
        let count = self.count().max(1) as f32;
        let mut dx = vec![0.0; x.len()];
        let image = (self.channels * self.plane).max(1);
        dx.par_chunks_mut(image)
            .zip(x.par_chunks(image))
            .zip(dy.par_chunks(image))
            .for_each(|((dx, x), dy)| {
                for c in 0..self.channels {
                    let plane = c * self.plane..(c + 1) * self.plane;
                    let Moments {
                        mean,
                        inverse_deviation,
                        ..
                    } = moments[c];
                    let scale = gamma[c] * inverse_deviation;
                    let (dgamma, dbeta) = if batch_statistics {
                        sums[c]
                    } else {
                        (0.0, 0.0)
                    };
                    let slope = inverse_deviation * dgamma / count;
                    let level = dbeta / count;
                    dx[plane.clone()]
                        .iter_mut()
                        .zip(&x[plane.clone()])
                        .zip(&dy[plane])
                        .for_each(|((dx, &x), &dy)| {
                            *dx = scale * (dy - level - (x - mean) * slope)
                        });
                }
            });
        let (dgamma, dbeta) = sums.into_iter().unzip();
        (dx, dgamma, dbeta)
    }
}
