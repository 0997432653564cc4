//! CNN14 (Kong et al. 2020).

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2dSpec, Dropout, Geometry2d, Init, Mode, Params, Value,
    adaptive_avg_pool2d, add, avg_pool2d, flatten, global_max_pool2d, permute,
};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::ConvNorm;
use crate::extent::{Extent, Side};
use crate::head::{HeadPlace, probability};
use crate::linear::linear;
use crate::stage::Hidden;
use crate::{Head, ModelContext, Network, Stage};

const NAME: &str = "cnn14";

/// The choices of a CNN14: a norm over the mel bands, six pairs of 3 × 3 convolutions with halving
/// between, the mean over the bands, the largest value and the mean over time, and two linear
/// layers. Kong et al. 2020, "PANNs: large-scale pretrained audio neural networks", made it for 64
/// log-mel bands at 32,000 Hz (window 1024, hop 320, 50 to 14,000 Hz).
///
/// Stages: `bn0`, `conv_block1` … `conv_block6`, `pool`, `fc1`, `logits`. Weights are named and laid
/// out as in the authors' `Cnn14`; theirs sees (frames, bins), so the picture is turned first.
///
/// # Shapes
/// (batch, channels, `mel_bins`, frames) → (batch, classes); at least 32 frames.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cnn14Spec {
    /// The bands, at least 32.
    pub mel_bins: usize,
    /// The channels of the first pair; the last has 32 times as many.
    pub channels: usize,
    /// The probability of the dropout after each pair.
    pub conv_dropout: f32,
    /// The probability of the two dropouts around the first linear layer.
    pub dropout: f32,
}

impl Default for Cnn14Spec {
    fn default() -> Self {
        Self {
            mel_bins: 64,
            channels: 64,
            conv_dropout: 0.2,
            dropout: 0.5,
        }
    }
}

/// What leaves each of five halvings something to halve.
const LEAST: usize = 32;

/// A norm of each band; the picture leaves it turned, (batch, channels, frames, bins).
#[derive(Debug)]
struct BandNorm(BatchNorm);

impl Stage for BandNorm {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        // (batch, bins, frames, channels), and from there (batch, channels, frames, bins).
        let xs = self.0.forward(&permute(xs, &[0, 2, 3, 1])?, mode)?;
        permute(&xs, &[0, 3, 2, 1])
    }
}

#[derive(Debug)]
struct Pair {
    layers: Vec<ConvNorm>,
    halves: bool,
    dropout: Dropout,
}

impl Stage for Pair {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let mut xs = self.layers.forward(xs, mode.reborrow())?;
        if self.halves {
            xs = avg_pool2d(&xs, Geometry2d::square(2).stride(2), true)?;
        }
        self.dropout.forward(&xs, mode)
    }
}

/// The mean over the bands, then the largest value and the mean over time, added.
#[derive(Debug)]
struct Summary(Dropout);

impl Stage for Summary {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let frames = xs.dims().get(2).copied().unwrap_or(1);
        let over_bands = adaptive_avg_pool2d(xs, [frames, 1])?;
        let mean = flatten(&adaptive_avg_pool2d(&over_bands, [1, 1])?)?;
        let both = add(&global_max_pool2d(&over_bands)?, &mean)?;
        self.0.forward(&both, mode)
    }
}

impl Cnn14Spec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let bounds = [
            ("mel_bins", self.mel_bins, LEAST..=4096),
            ("channels", self.channels, 1..=1024),
        ];
        for (field, value, range) in bounds {
            if !range.contains(&value) {
                let reason = format!(
                    "must be from {} to {}, got {value}",
                    range.start(),
                    range.end()
                );
                return Err(Error::config(NAME, field, reason));
            }
        }
        let conv_dropout = Dropout {
            p: probability(NAME, self.conv_dropout)?,
        };
        let dropout = Dropout {
            p: probability(NAME, self.dropout)?,
        };
        let extent = Extent([Side::Exactly(self.mel_bins), Side::AtLeast(LEAST)]);
        let mut base = Base::new(channels, extent);
        let spec = BatchNormSpec::default();
        let bands = BatchNorm::new(&params.sub("bn0"), self.mel_bins, spec)?;
        base.stage("bn0", BandNorm(bands));
        let mut from = channels;
        for i in 0..6 {
            let (name, to) = (format!("conv_block{}", i + 1), self.channels << i);
            let params = params.sub(&name);
            let layer = |i: usize, from| {
                let at = [params.sub(format!("conv{i}")), params.sub(format!("bn{i}"))];
                let spec = Conv2dSpec {
                    bias: false,
                    init: Init::XavierUniform,
                    ..Conv2dSpec::new(from, to, Geometry2d::square(3).padding(1))
                };
                Ok(ConvNorm::of(at, spec)?.relu())
            };
            let pair = Pair {
                layers: [layer(1, from), layer(2, to)]
                    .into_iter()
                    .collect::<Result<_>>()?,
                halves: i < 5,
                dropout: conv_dropout,
            };
            base.stage(name, pair);
            from = to;
        }
        base.stage("pool", Summary(dropout));
        let linear = linear(&params.sub("fc1"), from, from, Init::XavierUniform)?;
        base.stage("fc1", Hidden::new(linear, dropout));
        base.features = from;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for Cnn14Spec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc_audioset").beginning(Init::XavierUniform);
        Head::Linear.on(base, NAME, &place, 0.0, cx.classes)
    }
}
