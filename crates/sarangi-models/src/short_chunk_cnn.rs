//! The short-chunk residual network (Won et al. 2020).

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2dSpec, Dropout, Geometry2d, Linear, Mode, Params, Value,
    add_relu, relu,
};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::ConvNorm;
use crate::extent::Extent;
use crate::head::{HeadPlace, probability};
use crate::{Head, ModelContext, Network, Pool, Stage};

const NAME: &str = "short_chunk_cnn";

/// The choices of a short-chunk residual network: seven residual blocks of 3 × 3 convolutions, each
/// halving the picture, the largest value of each channel and two linear layers. Won, Ferraro,
/// Bogdanov and Serra 2020, "Evaluation of CNN-based automatic music tagging models", made it for
/// chunks of 3.7 s as 128 mel bands in decibels.
///
/// Stages: `spec_bn`, `layer1` … `layer7`, `pool`, `dense1`, `logits`. Weights are named as in the
/// authors' `ShortChunkCNN_Res`.
///
/// # Shapes
/// (batch, channels, bins, frames) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShortChunkCnnSpec {
    /// The channels of the first blocks; the last has four times as many.
    pub channels: usize,
    /// The probability of the dropout.
    pub dropout: f32,
}

impl Default for ShortChunkCnnSpec {
    fn default() -> Self {
        Self {
            channels: 128,
            dropout: 0.5,
        }
    }
}

#[derive(Debug)]
struct Block {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: ConvNorm,
}

impl Block {
    fn new(params: &Params, from: usize, to: usize) -> Result<Self> {
        let window = Geometry2d::square(3).padding(1);
        let layer = |i: usize, from, stride| {
            let at = [
                params.sub(format!("conv_{i}")),
                params.sub(format!("bn_{i}")),
            ];
            ConvNorm::of(at, Conv2dSpec::new(from, to, window.stride(stride)))
        };
        Ok(Self {
            first: layer(1, from, 2)?.relu(),
            second: layer(2, to, 1)?,
            shortcut: layer(3, from, 2)?,
        })
    }
}

impl Stage for Block {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.first.forward(xs, mode.reborrow())?;
        let ys = self.second.forward(&ys, mode.reborrow())?;
        add_relu(&ys, &self.shortcut.forward(xs, mode)?)
    }
}

/// The first linear layer with its norm, ReLU and dropout.
#[derive(Debug)]
struct Dense {
    linear: Linear,
    norm: BatchNorm,
    dropout: Dropout,
}

impl Stage for Dense {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let xs = self
            .norm
            .forward(&self.linear.forward(xs)?, mode.reborrow())?;
        self.dropout.forward(&relu(&xs)?, mode)
    }
}

impl ShortChunkCnnSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let p = probability(NAME, self.dropout)?;
        let width = self.channels;
        if !(1..=4096).contains(&width) {
            let reason = format!("must be from 1 to 4096, got {width}");
            return Err(Error::config(NAME, "channels", reason));
        }
        let norm =
            |name: &str, count| BatchNorm::new(&params.sub(name), count, BatchNormSpec::default());
        let mut base = Base::new(channels, Extent::at_least(1));
        base.stage("spec_bn", norm("spec_bn", channels)?);
        let mut from = channels;
        for (i, wider) in [1, 1, 2, 2, 2, 2, 4].into_iter().enumerate() {
            let (name, to) = (format!("layer{}", i + 1), width * wider);
            let block = Block::new(&params.sub(&name), from, to)?;
            base.stage(name, block);
            from = to;
        }
        base.stage("pool", Pool::Max);
        let dense = Dense {
            linear: Linear::new(&params.sub("dense1"), from, from)?,
            norm: norm("bn", from)?,
            dropout: Dropout { p },
        };
        base.stage("dense1", dense);
        base.features = from;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for ShortChunkCnnSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "dense2");
        Head::Linear.on(base, NAME, &place, 0.0, cx.classes)
    }
}
