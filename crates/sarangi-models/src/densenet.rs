//! DenseNet (Huang et al. 2017).

use sarangi_core::{Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Geometry2d, Init, Mode, Params, Value,
    avg_pool2d, concat, relu,
};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::{ConvNorm, stem_pool};
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::{Head, ModelContext, Network, Pool, Stage};

const NAME: &str = "densenet201";

/// The choices of a DenseNet-201: four blocks of 6, 12, 48 and 32 layers, each of which reads the
/// channels of all before it and adds 32, with halving transitions between. The defaults are
/// torchvision's `densenet201`, parameter for parameter.
///
/// Stages: `stem`, `pool0`, `denseblock1`, `transition1` … `denseblock4`, `norm5`, `pool`. Weights
/// are named as in torchvision: `features.conv0`, `features.denseblock1.denselayer1.norm1` …,
/// `classifier`.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes); height and width at least 29.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DenseNet201Spec {
    /// The last layers.
    pub head: Head,
    /// The probability of the head's dropout, if it has one; 0.2 in the GTZAN system that uses
    /// this network.
    pub dropout: f32,
}

impl Default for DenseNet201Spec {
    fn default() -> Self {
        Self {
            head: Head::Linear,
            dropout: 0.2,
        }
    }
}

/// The layers of each block.
const BLOCKS: [usize; 4] = [6, 12, 48, 32];
/// The channels that a layer adds.
const GROWTH: usize = 32;
/// What leaves each of three transitions at least one pixel to halve.
const LEAST: usize = 29;

/// Norm, ReLU and convolution without bias.
#[derive(Debug)]
struct NormConv {
    norm: BatchNorm,
    conv: Conv2d,
}

impl NormConv {
    fn new(at: [Params; 2], (from, to): (usize, usize), window: Geometry2d) -> Result<Self> {
        let spec = Conv2dSpec {
            bias: false,
            init: Init::KaimingNormalFanIn,
            ..Conv2dSpec::new(from, to, window)
        };
        Ok(Self {
            norm: BatchNorm::new(&at[0], from, BatchNormSpec::default())?,
            conv: Conv2d::new(&at[1], spec)?,
        })
    }
}

impl Stage for NormConv {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        self.conv.forward(&relu(&self.norm.forward(xs, mode)?)?)
    }
}

/// Adds its channels to those that it reads.
#[derive(Debug)]
struct Layer([NormConv; 2]);

impl Layer {
    fn new(params: &Params, from: usize) -> Result<Self> {
        let at = |i: usize| {
            [
                params.sub(format!("norm{i}")),
                params.sub(format!("conv{i}")),
            ]
        };
        let inner = 4 * GROWTH;
        let window = Geometry2d::square(3).padding(1);
        Ok(Self([
            NormConv::new(at(1), (from, inner), Geometry2d::square(1))?,
            NormConv::new(at(2), (inner, GROWTH), window)?,
        ]))
    }
}

impl Stage for Layer {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let [first, second] = &self.0;
        let ys = second.forward(&first.forward(xs, mode.reborrow())?, mode)?;
        concat(&[xs, &ys])
    }
}

/// Halves the channels, the height and the width.
#[derive(Debug)]
struct Transition(NormConv);

impl Stage for Transition {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let window = Geometry2d::square(2).stride(2);
        avg_pool2d(&self.0.forward(xs, mode)?, window, true)
    }
}

/// The last norm and a ReLU.
#[derive(Debug)]
struct Last(BatchNorm);

impl Stage for Last {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        relu(&self.0.forward(xs, mode)?)
    }
}

impl DenseNet201Spec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let params = params.sub("features");
        let mut base = Base::new(channels, Extent::at_least(LEAST));
        let stem = Conv2dSpec {
            bias: false,
            init: Init::KaimingNormalFanIn,
            ..Conv2dSpec::new(channels, 64, Geometry2d::square(7).stride(2).padding(3))
        };
        let stem = ConvNorm::of([params.sub("conv0"), params.sub("norm0")], stem)?;
        base.stage("stem", stem.relu());
        base.stage("pool0", stem_pool());
        let mut from = 64;
        for (block, count) in BLOCKS.into_iter().enumerate() {
            let number = block + 1;
            let name = format!("denseblock{number}");
            let layers = (0..count).map(|i| {
                let params = params.sub(&name).sub(format!("denselayer{}", i + 1));
                Layer::new(&params, from + i * GROWTH)
            });
            let layers = layers.collect::<Result<Vec<_>>>()?;
            base.stage(name, layers);
            from += count * GROWTH;
            if number < BLOCKS.len() {
                let name = format!("transition{number}");
                let at = params.sub(&name);
                let at = [at.sub("norm"), at.sub("conv")];
                let halving = NormConv::new(at, (from, from / 2), Geometry2d::square(1))?;
                base.stage(name, Transition(halving));
                from /= 2;
            }
        }
        let norm = BatchNorm::new(&params.sub("norm5"), from, BatchNormSpec::default())?;
        base.stage("norm5", Last(norm));
        base.stage("pool", Pool::Average);
        base.features = from;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for DenseNet201Spec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "classifier").beginning(Init::FanInUniform);
        self.head.on(base, NAME, &place, self.dropout, cx.classes)
    }
}
