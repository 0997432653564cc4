//! Activation, norm and dropout that wait until somebody reads the values.

use std::sync::Arc;

use candle_core::Tensor;
use sarangi_core::{During, Result};

use crate::backward::{Flow, Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::map::{Activation, Linear, Map, PerChannel};
use crate::cpu::mask::Mask;
use crate::cpu::norm::gradient_sums;
use crate::cpu::source::Source;
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
        let dy = dy.into_stored();
        let mut linear = Linear {
            slope: PerChannel::constant(0.0, channels),
            offset: PerChannel::constant(0.0, channels),
        };
        if let Some(norm) = self.norm.as_deref()
            && (norm.of_batch || norm.has_parameters())
        {
            let (sum_g, sum_gz) = gradient_sums(Source::Stored(&dy), x, &self.map, of);
            let count = of.pixels() as f64;
            let (mut slope, mut offset) = (vec![0.0f32; channels], vec![0.0f32; channels]);
            let (mut dgamma, mut dbeta) = (Buffer::stale(channels), Buffer::stale(channels));
            for c in 0..channels {
                let (mean, deviation) = (f64::from(norm.mean[c]), f64::from(norm.deviation[c]));
                let scale = f64::from(self.map.scale.values()[c]);
                let projected = deviation * (sum_gz[c] - mean * sum_g[c]);
                let along = -scale * deviation * projected / count;
                slope[c] = along as f32;
                offset[c] = (-scale * sum_g[c] / count - along * mean) as f32;
                dgamma[c] = projected as f32;
                dbeta[c] = sum_g[c] as f32;
            }
            if norm.of_batch {
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
}

impl Norm {
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
