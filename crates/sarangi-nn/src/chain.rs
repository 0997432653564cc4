//! Activation, norm and dropout that wait until somebody reads the values.

use std::sync::Arc;

use candle_core::Tensor;
use sarangi_core::{During, Result};

use crate::backward::{Flow, Gradient, Node, Plain};
use crate::cpu::buffer::Buffer;
use crate::cpu::map::{Activation, Linear, Map, PerChannel};
use crate::cpu::mask::Mask;
use crate::cpu::norm::{gradient_sums, pooled_gradient_sums};
use crate::cpu::pictures::Pictures;
use crate::share::Together;
use crate::tensors;
use crate::value::Host;

/// A [`Map`] with what its way back needs.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    map: Arc<Map>,
    norm: Option<Arc<Norm>>,
    stage: Stage,
}

/// The places of a map, in their order: only what comes later than all that is there can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Before,
    Norm,
    After,
    Dropout,
}

/// A norm's scale (gamma) and shift (beta) and the statistics that it normalised by.
#[derive(Debug)]
pub(crate) struct Norm {
    pub(crate) gamma: Tensor,
    pub(crate) beta: Tensor,
    pub(crate) mean: Vec<f32>,
    /// 1 / √(variance + eps)
    pub(crate) deviation: Vec<f32>,
    /// Whether the statistics are the batch's own, so that a gradient flows through them.
    pub(crate) of_batch: bool,
    /// With whom they were taken.
    pub(crate) together: Option<Together>,
}

impl Chain {
    /// An activation of what `values` holds.
    pub(crate) fn activation(values: &Host, activation: Activation) -> Host {
        let values = values.with_room(|chain| chain.stage < Stage::After);
        let (mut map, norm) = Self::parts(&values);
        let stage = match values.chain() {
            None => {
                map.before = activation;
                Stage::Before
            }
            Some(_) => {
                map.after = activation;
                Stage::After
            }
        };
        values.chained(Self::new(map, norm, stage))
    }

    /// What a norm's statistics are to be taken of, and the norm applied to.
    pub(crate) fn with_room_for_norm(values: &Host) -> Host {
        values.with_room(|chain| chain.stage < Stage::Norm)
    }

    /// A norm of what `values`, which [has room for it](Self::with_room_for_norm), holds.
    pub(crate) fn norm(values: &Host, norm: Norm) -> Result<Host> {
        let (mut map, _) = Self::parts(values);
        let (scale, shift) = norm.affine()?;
        map.scale = PerChannel::new(&scale);
        map.shift = PerChannel::new(&shift);
        Ok(values.chained(Self::new(map, Some(Arc::new(norm)), Stage::Norm)))
    }

    /// A dropout of what `values` holds.
    pub(crate) fn dropout(values: &Host, mask: Mask) -> Host {
        let values = values.with_room(|chain| chain.stage < Stage::Dropout);
        let (mut map, norm) = Self::parts(&values);
        map.dropout = Some(mask);
        values.chained(Self::new(map, norm, Stage::Dropout))
    }

    fn parts(values: &Host) -> (Map, Option<Arc<Norm>>) {
        match values.chain() {
            Some(chain) => (Map::clone(&chain.map), chain.norm.clone()),
            None => (Map::identity(values.of().channels), None),
        }
    }

    fn new(map: Map, norm: Option<Arc<Norm>>, stage: Stage) -> Self {
        Self {
            map: Arc::new(map),
            norm,
            stage,
        }
    }

    pub(crate) fn map(&self) -> &Map {
        &self.map
    }

    pub(crate) fn has_parameters(&self) -> bool {
        self.norm.as_deref().is_some_and(Norm::has_parameters)
    }

    /// Sends the gradient `dy` of the chain's result on to its parameters and to `parent`, the way
    /// back from the stored values `x`.
    pub(crate) fn backward(
        &self,
        x: &Arc<Buffer>,
        dy: Gradient,
        parent: Option<&Arc<Node>>,
        flow: &mut Flow,
    ) -> Result<()> {
        let of = dy.of();
        let channels = of.channels;
        let dy = dy.into_plain();
        let mut linear = Linear {
            slope: PerChannel::constant(0.0, channels),
            offset: PerChannel::constant(0.0, channels),
        };
        if let Some(norm) = self.norm.as_deref()
            && (norm.of_batch || norm.has_parameters())
        {
            let own = self.gradient_sums(&dy, x, norm, of);
            // The parameters' gradients are the part's own, the values' follow from the whole batch.
            let (all, count) = match &norm.together {
                None => (own.clone(), of.pixels() as f64),
                Some(Together { ranks, count, .. }) => {
                    let mut sums = [own.0.as_slice(), own.1.as_slice()].concat();
                    ranks.all_reduce_sum_f64(&mut sums)?;
                    let products = sums.split_off(channels);
                    ((sums, products), *count)
                }
            };
            let (mut slope, mut offset) = (vec![0.0f32; channels], vec![0.0f32; channels]);
            let (mut dgamma, mut dbeta) = (Buffer::stale(channels), Buffer::stale(channels));
            for c in 0..channels {
                let (mean, deviation) = (f64::from(norm.mean[c]), f64::from(norm.deviation[c]));
                let scale = f64::from(self.map.scale.values()[c]);
                let projected = |(sum_g, sum_gz): &(Vec<f64>, Vec<f64>)| {
                    deviation * (sum_gz[c] - mean * sum_g[c])
                };
                let along = -scale * deviation * projected(&all) / count;
                slope[c] = along as f32;
                offset[c] = (-scale * all.0[c] / count - along * mean) as f32;
                dgamma[c] = projected(&own) as f32;
                dbeta[c] = own.0[c] as f32;
            }
            let stands_in = norm.together.as_ref().is_some_and(|all| all.stands_in);
            if norm.of_batch && !stands_in {
                linear.slope = PerChannel::new(&slope);
                linear.offset = PerChannel::new(&offset);
            }
            flow.parameter(&norm.gamma, dgamma);
            flow.parameter(&norm.beta, dbeta);
        }
        if let Some(parent) = parent {
            let (x, map) = (Arc::clone(x), Arc::clone(&self.map));
            flow.give(parent, Gradient::mapped(of, dy, x, map, Arc::new(linear)));
        }
        Ok(())
    }

    /// Σ g and Σ g · z, see [`norm`](crate::cpu::norm).
    fn gradient_sums(
        &self,
        dy: &Plain,
        x: &[f32],
        norm: &Norm,
        of: Pictures,
    ) -> (Vec<f64>, Vec<f64>) {
        match dy {
            Plain::Unpooled(dy) if self.map.dropout.is_none() && norm.tells(&self.map) => {
                pooled_gradient_sums(dy.dy(), dy.y(), &self.map, dy.pooled())
            }
            _ => gradient_sums(dy.above().into(), x, &self.map, of),
        }
    }
}

/// How much larger than its scale a norm's shift may be for a value to be told from its result.
const TELLING: f32 = 64.0;

impl Norm {
    /// Whether the normalised values can be computed back from the map's results.
    fn tells(&self, map: &Map) -> bool {
        let statistics = self.mean.iter().zip(&self.deviation);
        let affine = map.scale.values().iter().zip(map.shift.values());
        affine
            .zip(statistics)
            .all(|((scale, shift), (mean, deviation))| {
                let (gamma, beta) = (scale / deviation, mean.mul_add(*scale, *shift));
                beta.abs() <= TELLING * gamma.abs() && gamma != 0.0
            })
    }

    fn has_parameters(&self) -> bool {
        self.gamma.is_variable() || self.beta.is_variable()
    }

    /// The norm as `scale · x + shift`.
    fn affine(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        tensors::read(&self.gamma, |gamma| {
            tensors::read(&self.beta, |beta| {
                let scale: Vec<f32> = gamma
                    .iter()
                    .zip(&self.deviation)
                    .map(|(&g, &d)| g * d)
                    .collect();
                let numbers = beta.iter().zip(&self.mean).zip(&scale);
                let shift = numbers.map(|((&b, &m), &s)| b - m * s).collect();
                (scale, shift)
            })
        })
        .and_then(|both| both)
        .during("batch_norm")
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use sarangi_core::Seed;

    use super::*;
    use crate::{Geometry2d, Value, add, batch_norm_train, conv2d, max_pool2d, relu};

    /// The gradients of x, gamma and beta through a norm and a pooling, directly or with a sum in
    /// between, so that the norm is given a stored gradient.
    fn gradients(scale: f32, between: bool, activation: bool) -> Vec<Vec<f32>> {
        let dims = (3, 5, 8, 10);
        let noise = |count: usize, index: u64| -> Vec<f32> {
            let mut rng = Seed(1).rng(0, index);
            (0..count).map(|_| rng.normal() as f32).collect()
        };
        let tensor = |count: usize, index: u64, dims: &[usize]| {
            Tensor::from_vec(noise(count, index), dims, &Device::Cpu).unwrap()
        };
        let x = Value::variable(&tensor(1200, 1, &[3, 5, 8, 10])).unwrap();
        let gamma = tensor(5, 2, &[5]).affine(f64::from(scale), 0.0).unwrap();
        let gamma = Var::from_tensor(&gamma).unwrap();
        let beta = Var::from_tensor(&tensor(5, 3, &[5])).unwrap();
        let (mut y, ..) = batch_norm_train(&x, &gamma, &beta, 1e-5).unwrap();
        if activation {
            y = relu(&y).unwrap();
        }
        if between {
            let zeros = Tensor::zeros(dims, candle_core::DType::F32, &Device::Cpu).unwrap();
            y = add(&y, &Value::new(&zeros).unwrap()).unwrap();
        }
        let y = max_pool2d(&y, Geometry2d::square(2).stride(2)).unwrap();
        let dy = Value::new(&tensor(300, 4, &[3, 5, 4, 5])).unwrap();
        let found = y.backward_from(&dy).unwrap();
        let all = [
            found.of(&x).unwrap(),
            found.get(&gamma).unwrap(),
            found.get(&beta).unwrap(),
        ];
        all.map(|g| g.unwrap().flatten_all().unwrap().to_vec1().unwrap())
            .into()
    }

    #[test]
    fn pooled_sums_are_those_of_all_values() {
        // With the last two scales the values cannot be told from the results.
        for scale in [1.0, 0.1, 1e-4, 0.0] {
            for activation in [false, true] {
                let found = gradients(scale, false, activation);
                for (found, expected) in found.iter().zip(gradients(scale, true, activation)) {
                    let peak = expected.iter().fold(1e-9f32, |a, b| a.max(b.abs()));
                    for (found, expected) in found.iter().zip(&expected) {
                        let error = (found - expected).abs() / peak;
                        assert!(error <= 1e-5, "{scale}: {found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_convolution_tells_a_norm_the_moments_of_its_result() {
        let random = |index: u64, dims: &[usize]| {
            let mut rng = Seed(1).rng(0, index);
            let count = dims.iter().product();
            let values: Vec<f32> = (0..count).map(|_| rng.normal() as f32).collect();
            Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu).unwrap()).unwrap()
        };
        let x = Value::tracked(&random(1, &[3, 5, 19, 23])).unwrap();
        let (filter, bias) = (random(2, &[7, 5, 3, 3]), random(3, &[7]));
        let (gamma, beta) = (random(4, &[7]), random(5, &[7]));
        for (biased, activated) in [(false, false), (false, true), (true, false), (true, true)] {
            let bias = biased.then_some(bias.as_tensor());
            let mut y = conv2d(&x, &filter, bias, Geometry2d::square(3), 1).unwrap();
            if activated {
                y = relu(&y).unwrap();
            }
            let plain = Value::new(&y.tensor().unwrap()).unwrap();
            let statistics = |xs: &Value| {
                let (_, mean, variance) = batch_norm_train(xs, &gamma, &beta, 1e-5).unwrap();
                [mean, variance]
                    .map(|t| t.to_vec1::<f32>().unwrap())
                    .concat()
            };
            let (found, expected) = (statistics(&y), statistics(&plain));
            for (found, expected) in found.iter().zip(&expected) {
                let error = (found - expected).abs() / expected.abs().max(1.0);
                assert!(error <= 1e-6, "{biased} {activated}: {found} {expected}");
            }
        }
    }
}
