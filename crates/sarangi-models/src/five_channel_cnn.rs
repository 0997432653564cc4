//! The network of the five-channel genre system.

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Dropout, Geometry2d, Linear, MaxPool2d, Mode,
    Model, Params, Value, global_avg_pool2d, log_softmax, relu,
};
use serde::{Deserialize, Serialize};

use crate::ModelContext;

/// The choices of a [`FiveChannelCnn`]. The defaults with 5 channels and 10 classes are the
/// published network of 30,026 parameters; the published 3-channel one (29,450) differs in the
/// channels, the 4-channel one (30,634) in the channels and `first_kernel` = 4.
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

/// Two blocks of convolution, ReLU, batch norm, pooling and dropout (to 32 and 64 channels), the
/// mean over the picture, and two linear layers; log probabilities come out.
///
/// Parameters are named as in torch: `block1.0` (convolution), `block1.2` (norm), `block2.0`,
/// `block2.2`, `fc1`, `bn_fc`, `out`.
///
/// # Shapes
/// (batch, channels, bins, frames) → (batch, classes); bins and frames at least 4, and at least
/// `first_kernel` + 1; 40 × 130 in the system.
#[derive(Debug)]
pub struct FiveChannelCnn {
    in_channels: usize,
    /// The least bins and frames that the pictures may have.
    least: usize,
    blocks: [Block; 2],
    fc1: Linear,
    bn_fc: BatchNorm,
    out: Linear,
    dropout: Dropout,
}

#[derive(Debug)]
struct Block {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Block {
    fn new(params: &Params, from: usize, to: usize, kernel: usize) -> Result<Self> {
        let window = Geometry2d {
            padding: [1, 1],
            ..Geometry2d::new([kernel; 2])
        };
        let spec = Conv2dSpec {
            window,
            ..Conv2dSpec::same(from, to, kernel)
        };
        Ok(Self {
            conv: Conv2d::new(&params.sub("0"), spec)?,
            norm: BatchNorm::new(&params.sub("2"), to, BatchNormSpec::default())?,
        })
    }
}

impl<'a> Spec<ModelContext<'a>> for FiveChannelCnnSpec {
    type Built = FiveChannelCnn;

    fn build(&self, cx: ModelContext<'a>) -> Result<FiveChannelCnn> {
        const SPEC: &str = "five_channel_cnn";
        cx.check(SPEC)?;
        if !(0.0..1.0).contains(&self.dropout) {
            let reason = format!("must be in [0, 1), got {}", self.dropout);
            return Err(Error::config(SPEC, "dropout", reason));
        }
        if !(1..=16).contains(&self.first_kernel) {
            let reason = format!("must be from 1 to 16, got {}", self.first_kernel);
            return Err(Error::config(SPEC, "first_kernel", reason));
        }
        let params = cx.params;
        Ok(FiveChannelCnn {
            in_channels: cx.in_channels,
            least: least_size(self.first_kernel),
            blocks: [
                Block::new(&params.sub("block1"), cx.in_channels, 32, self.first_kernel)?,
                Block::new(&params.sub("block2"), 32, 64, 3)?,
            ],
            fc1: Linear::new(&params.sub("fc1"), 64, 128)?,
            bn_fc: BatchNorm::new(&params.sub("bn_fc"), 128, BatchNormSpec::default())?,
            out: Linear::new(&params.sub("out"), 128, cx.classes)?,
            dropout: Dropout { p: self.dropout },
        })
    }
}

/// The size that still leaves 4 × 4, which the two poolings halve to 1 × 1, after a first filter of
/// this size with padding 1.
fn least_size(first_kernel: usize) -> usize {
    (first_kernel + 1).max(4)
}

impl Model for FiveChannelCnn {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        crate::input::check("five_channel_cnn", xs, self.in_channels, self.least)?;
        let pool = MaxPool2d::square(2);
        let mut xs = xs.clone();
        for Block { conv, norm } in &self.blocks {
            xs = norm.forward(&relu(&conv.forward(&xs)?)?, mode.reborrow())?;
            xs = self.dropout.forward(&pool.forward(&xs)?, mode.reborrow())?;
        }
        let xs = relu(&self.fc1.forward(&global_avg_pool2d(&xs)?)?)?;
        let xs = self
            .dropout
            .forward(&self.bn_fc.forward(&xs, mode.reborrow())?, mode)?;
        log_softmax(&self.out.forward(&xs)?)
    }
}
