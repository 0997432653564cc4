//! MobileNetV2 (Sandler et al. 2018).

use sarangi_core::{Result, Spec};
use sarangi_nn::{Geometry2d, Init, Mode, Params, Value, add};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::ConvNorm;
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::{Head, ModelContext, Network, Pool, Stage};

const NAME: &str = "mobilenet_v2";

/// The choices of a MobileNetV2: inverted residuals of depthwise convolutions. The defaults are
/// torchvision's `mobilenet_v2` of width 1, parameter for parameter.
///
/// Stages: `features.0` … `features.18`, `pool`. Weights are named as in torchvision.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MobileNetV2Spec {
    /// The last layers.
    pub head: Head,
    /// The probability of the head's dropout, if it has one.
    pub dropout: f32,
}

impl Default for MobileNetV2Spec {
    fn default() -> Self {
        Self {
            head: Head::DropoutLinear,
            dropout: 0.2,
        }
    }
}

/// Expansion, channels, repetitions and first stride of each stage.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

#[derive(Debug)]
struct Block {
    /// Expansion (where it is not 1), depthwise convolution, projection.
    layers: Vec<ConvNorm>,
    residual: bool,
}

impl Block {
    fn new(
        params: &Params,
        (from, to): (usize, usize),
        expansion: usize,
        stride: usize,
    ) -> Result<Self> {
        let params = params.sub("conv");
        let pair = |i: usize| {
            let params = params.sub(i.to_string());
            [params.sub("0"), params.sub("1")]
        };
        let (wide, point) = (from * expansion, Geometry2d::square(1));
        let mut layers = Vec::new();
        if expansion != 1 {
            layers.push(ConvNorm::new(pair(0), (from, wide), point, 1)?.relu6());
        }
        let next = layers.len();
        let window = Geometry2d::square(3).stride(stride).padding(1);
        layers.push(ConvNorm::new(pair(next), (wide, wide), window, wide)?.relu6());
        let last = [next + 1, next + 2].map(|i| params.sub(i.to_string()));
        layers.push(ConvNorm::new(last, (wide, to), point, 1)?);
        Ok(Self {
            layers,
            residual: stride == 1 && from == to,
        })
    }
}

impl Stage for Block {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let ys = self.layers.forward(xs, mode)?;
        if self.residual { add(&ys, xs) } else { Ok(ys) }
    }
}

impl MobileNetV2Spec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        const LAST: usize = 1280;
        let features = params.sub("features");
        let pair = |i: usize| {
            let params = features.sub(i.to_string());
            [params.sub("0"), params.sub("1")]
        };
        let window = Geometry2d::square(3).stride(2).padding(1);
        let stem = ConvNorm::new(pair(0), (channels, 32), window, 1)?.relu6();
        let mut base = Base::new(channels, Extent::at_least(1));
        base.stage("features.0", stem);
        let (mut from, mut next) = (32, 1);
        for (expansion, to, count, stride) in STAGES {
            for i in 0..count {
                let stride = if i == 0 { stride } else { 1 };
                let params = features.sub(next.to_string());
                let block = Block::new(&params, (from, to), expansion, stride)?;
                base.stage(format!("features.{next}"), block);
                (from, next) = (to, next + 1);
            }
        }
        let last = ConvNorm::new(pair(next), (from, LAST), Geometry2d::square(1), 1)?.relu6();
        base.stage(format!("features.{next}"), last);
        base.stage("pool", Pool::Average);
        base.features = LAST;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for MobileNetV2Spec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "classifier")
            .alone_at("1")
            .beginning(Init::Normal { std: 0.01 });
        self.head.on(base, NAME, &place, self.dropout, cx.classes)
    }
}
