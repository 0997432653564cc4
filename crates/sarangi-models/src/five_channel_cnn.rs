//! The network of the five-channel genre system.

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Dropout, Geometry2d, Linear, MaxPool2d, Mode,
    Params, Value, relu,
};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::extent::Extent;
use crate::head::probability;
use crate::network::LOGITS;
use crate::stage::LogProbabilities;
use crate::{ModelContext, Network, Pool, Stage};

const NAME: &str = "five_channel_cnn";

/// The choices of the network of the five-channel system: two blocks of convolution, ReLU, batch
/// norm, pooling and dropout (to 32 and 64 channels), the mean over the picture, and two linear
/// layers; log probabilities come out. The defaults with 5 channels and 10 classes are the
/// published network of 30,026 parameters; the published 3-channel one (29,450) differs in the
/// channels, the 4-channel one (30,634) in the channels and `first_kernel` = 4.
///
/// Stages: `block1`, `block2`, `pool`, `fc1`, `logits`. Weights are named as in torch: `block1.0`
/// (convolution), `block1.2` (norm), `block2.0`, `block2.2`, `fc1`, `bn_fc`, `out`.
///
/// # Shapes
/// (batch, channels, bins, frames) → (batch, classes); bins and frames at least 4, and at least
/// `first_kernel` + 1; 40 × 130 in the system.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FiveChannelCnnSpec {
    /// The size of the first convolution's square filter (padding stays 1).
    pub first_kernel: usize,
    /// The probability of each of the three dropouts.
    pub dropout: f32,
}

impl Default for FiveChannelCnnSpec {
    fn default() -> Self {
        Self {
            first_kernel: 3,
            dropout: 0.3,
        }
    }
}

#[derive(Debug)]
struct Block {
    conv: Conv2d,
    norm: BatchNorm,
    dropout: Dropout,
}

impl Block {
    fn new(
        params: &Params,
        (from, to): (usize, usize),
        kernel: usize,
        dropout: Dropout,
    ) -> Result<Self> {
        let window = Geometry2d::square(kernel).padding(1);
        Ok(Self {
            conv: Conv2d::new(&params.sub("0"), Conv2dSpec::new(from, to, window))?,
            norm: BatchNorm::new(&params.sub("2"), to, BatchNormSpec::default())?,
            dropout,
        })
    }
}

impl Stage for Block {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let xs = relu(&self.conv.forward(xs)?)?;
        let xs = self.norm.forward(&xs, mode.reborrow())?;
        self.dropout
            .forward(&MaxPool2d::square(2).forward(&xs)?, mode)
    }
}

/// The first linear layer with its ReLU, norm and dropout.
#[derive(Debug)]
struct Dense {
    linear: Linear,
    norm: BatchNorm,
    dropout: Dropout,
}

impl Stage for Dense {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let xs = relu(&self.linear.forward(xs)?)?;
        let xs = self.norm.forward(&xs, mode.reborrow())?;
        self.dropout.forward(&xs, mode)
    }
}

impl FiveChannelCnnSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let dropout = Dropout {
            p: probability(NAME, self.dropout)?,
        };
        let kernel = self.first_kernel;
        if !(1..=16).contains(&kernel) {
            let reason = format!("must be from 1 to 16, got {kernel}");
            return Err(Error::config(NAME, "first_kernel", reason));
        }
        let block =
            |name: &str, channels, kernel| Block::new(&params.sub(name), channels, kernel, dropout);
        let mut base = Base::new(channels, Extent::at_least(least_size(kernel)));
        base.stage("block1", block("block1", (channels, 32), kernel)?);
        base.stage("block2", block("block2", (32, 64), 3)?);
        base.stage("pool", Pool::Average);
        let dense = Dense {
            linear: Linear::new(&params.sub("fc1"), 64, 128)?,
            norm: BatchNorm::new(&params.sub("bn_fc"), 128, BatchNormSpec::default())?,
            dropout,
        };
        base.stage("fc1", dense);
        base.features = 128;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for FiveChannelCnnSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let out = cx.params.sub("out").thawed();
        let out = Linear::new(&out, base.features, cx.classes)?;
        let mut network = Network::of(NAME, base);
        network.then(LOGITS, LogProbabilities(out));
        Ok(network)
    }
}

/// The size that still leaves 4 × 4, which the two poolings halve to 1 × 1, after a first filter of
/// this size with padding 1.
fn least_size(first_kernel: usize) -> usize {
    (first_kernel + 1).max(4)
}
