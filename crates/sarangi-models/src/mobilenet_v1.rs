//! MobileNetV1 (Howard et al. 2017).

use sarangi_core::{Result, Spec};
use sarangi_nn::{Geometry2d, Params};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::ConvNorm;
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::{Head, ModelContext, Network, Pool};

const NAME: &str = "mobilenet_v1";

/// The choices of a MobileNetV1: depthwise and pointwise convolutions in turn, each with a norm and
/// ReLU6. The defaults are timm's `mobilenetv1_100`, parameter for parameter.
///
/// Stages: `conv_stem`, `blocks.0` … `blocks.4`, `pool`. Weights are named as in timm.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MobileNetV1Spec {
    /// The last layers.
    pub head: Head,
    /// The probability of the head's dropout, if it has one; Keras's is 0.001.
    pub dropout: f32,
}

impl Default for MobileNetV1Spec {
    fn default() -> Self {
        Self {
            head: Head::Linear,
            dropout: 0.001,
        }
    }
}

/// Channels, repetitions and first stride of each stage.
const STAGES: [(usize, usize, usize); 5] = [
    (64, 1, 1),
    (128, 2, 2),
    (256, 2, 2),
    (512, 6, 2),
    (1024, 2, 2),
];

impl MobileNetV1Spec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let window = Geometry2d::square(3).padding(1);
        let mut base = Base::new(channels, Extent::at_least(1));
        let stem = [params.sub("conv_stem"), params.sub("bn1")];
        let stem = ConvNorm::new(stem, (channels, 32), window.stride(2), 1)?;
        base.stage("conv_stem", stem.relu6());
        let mut from = 32;
        for (stage, (to, count, stride)) in STAGES.into_iter().enumerate() {
            let name = format!("blocks.{stage}");
            let mut layers = Vec::new();
            for i in 0..count {
                let params = params.sub(&name).sub(i.to_string());
                let at = |conv: &str, norm: &str| [params.sub(conv), params.sub(norm)];
                let moving = window.stride(if i == 0 { stride } else { 1 });
                let depthwise = at("conv_dw", "bn1");
                layers.push(ConvNorm::new(depthwise, (from, from), moving, from)?.relu6());
                let (pointwise, point) = (at("conv_pw", "bn2"), Geometry2d::square(1));
                layers.push(ConvNorm::new(pointwise, (from, to), point, 1)?.relu6());
                from = to;
            }
            base.stage(name, layers);
        }
        base.stage("pool", Pool::Average);
        base.features = from;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for MobileNetV1Spec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "classifier");
        self.head.on(base, NAME, &place, self.dropout, cx.classes)
    }
}
