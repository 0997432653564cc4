//! Residual networks (He et al. 2016).

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{Geometry2d, Mode, Params, Value, add_relu};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::{ConvNorm, stem_pool};
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::{Head, ModelContext, Network, Pool, Stage};

const NAME: &str = "resnet";

/// The choices of a residual network. The defaults are torchvision's `resnet18`, `resnet34` and
/// `resnet50`, parameter for parameter; with `stem` 3 × 3 and `head` dropout and linear, 34 layers
/// are the network of the Nepali genre system.
///
/// A stem of 7 × 7 with stride 2 (or of 3 × 3 with stride 1), a 3 × 3 maximum pooling with stride 2,
/// four stages of residual blocks, a pooling over the picture and the head. With 18 and 34 layers a
/// block has two 3 × 3 convolutions, with 50 a 1 × 1, a 3 × 3 (which has the stride) and a 1 × 1 of
/// four times the channels.
///
/// Stages: `stem`, `maxpool`, `layer1` … `layer4`, `pool`. Weights are named as in torchvision:
/// `conv1`, `bn1`, `layer1.0.conv1` …, `fc`.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResNetSpec {
    /// 18, 34 or 50 layers.
    pub layers: usize,
    /// The first convolution.
    pub stem: Stem,
    /// The pooling over the picture.
    pub pool: Pool,
    /// The last layers.
    pub head: Head,
    /// The probability of the head's dropout, if it has one.
    pub dropout: f32,
}

impl Default for ResNetSpec {
    fn default() -> Self {
        Self {
            layers: 18,
            stem: Stem::default(),
            pool: Pool::default(),
            head: Head::Linear,
            dropout: 0.5,
        }
    }
}

/// The first convolution of a residual network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stem {
    /// 7 × 7 with stride 2.
    #[default]
    Imagenet,
    /// 3 × 3 with stride 1.
    #[serde(rename = "3x3")]
    ThreeByThree,
}

#[derive(Debug)]
struct Block {
    convolutions: Vec<ConvNorm>,
    /// Where the shape changes.
    shortcut: Option<ConvNorm>,
}

impl Block {
    fn basic(params: &Params, (from, to): (usize, usize), stride: usize) -> Result<Self> {
        let window = Geometry2d::square(3).padding(1);
        Ok(Self {
            convolutions: vec![
                ConvNorm::new(at(params, 1), (from, to), window.stride(stride), 1)?.relu(),
                ConvNorm::new(at(params, 2), (to, to), window, 1)?,
            ],
            shortcut: shortcut(params, (from, to), stride)?,
        })
    }

    fn bottleneck(params: &Params, (from, to): (usize, usize), stride: usize) -> Result<Self> {
        let (point, window) = (Geometry2d::square(1), Geometry2d::square(3).padding(1));
        let inner = to / 4;
        Ok(Self {
            convolutions: vec![
                ConvNorm::new(at(params, 1), (from, inner), point, 1)?.relu(),
                ConvNorm::new(at(params, 2), (inner, inner), window.stride(stride), 1)?.relu(),
                ConvNorm::new(at(params, 3), (inner, to), point, 1)?,
            ],
            shortcut: shortcut(params, (from, to), stride)?,
        })
    }
}

fn at(params: &Params, i: usize) -> [Params; 2] {
    [params.sub(format!("conv{i}")), params.sub(format!("bn{i}"))]
}

fn shortcut(
    params: &Params,
    (from, to): (usize, usize),
    stride: usize,
) -> Result<Option<ConvNorm>> {
    let changes = stride != 1 || from != to;
    let make = || {
        let params = params.sub("downsample");
        let at = [params.sub("0"), params.sub("1")];
        ConvNorm::new(at, (from, to), Geometry2d::square(1).stride(stride), 1)
    };
    changes.then(make).transpose()
}

impl Stage for Block {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.convolutions.forward(xs, mode.reborrow())?;
        match &self.shortcut {
            Some(shortcut) => add_relu(&ys, &shortcut.forward(xs, mode)?),
            None => add_relu(&ys, xs),
        }
    }
}

impl ResNetSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let (counts, wider): (_, usize) = match self.layers {
            18 => ([2, 2, 2, 2], 1),
            34 => ([3, 4, 6, 3], 1),
            50 => ([3, 4, 6, 3], 4),
            other => {
                let reason = format!("must be 18, 34 or 50, got {other}");
                return Err(Error::config(NAME, "layers", reason));
            }
        };
        let window = match self.stem {
            Stem::Imagenet => Geometry2d::square(7).stride(2).padding(3),
            Stem::ThreeByThree => Geometry2d::square(3).padding(1),
        };
        let mut base = Base::new(channels, Extent::at_least(1));
        let stem = ConvNorm::new(at(params, 1), (channels, 64), window, 1)?;
        base.stage("stem", stem.relu());
        base.stage("maxpool", stem_pool());
        let mut from = 64;
        for (stage, (count, width)) in counts.into_iter().zip([64, 128, 256, 512]).enumerate() {
            let name = format!("layer{}", stage + 1);
            let params = params.sub(&name);
            let to = width * wider;
            let mut blocks = Vec::new();
            for i in 0..count {
                let params = params.sub(i.to_string());
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                blocks.push(match wider {
                    1 => Block::basic(&params, (from, to), stride)?,
                    _ => Block::bottleneck(&params, (from, to), stride)?,
                });
                from = to;
            }
            base.stage(name, blocks);
        }
        base.stage("pool", self.pool);
        base.features = from;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for ResNetSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc");
        self.head.on(base, NAME, &place, self.dropout, cx.classes)
    }
}
