//! Xception (Chollet 2017) as its first PyTorch port laid it out.

use sarangi_core::{Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Geometry2d, Init, MaxPool2d, Mode, Params, Value,
    add, relu,
};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::conv_norm::ConvNorm;
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::{Head, ModelContext, Network, Pool, Stage};

const NAME: &str = "legacy_xception";

/// The choices of a legacy Xception: depthwise-separable convolutions in twelve residual blocks. The
/// defaults are timm's `legacy_xception`, parameter for parameter.
///
/// Stages: `conv1`, `conv2`, `block1` … `block12`, `conv3`, `conv4`, `pool`. Weights are named as in
/// timm.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes); height and width at least 7.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LegacyXceptionSpec {
    /// The last layers.
    pub head: Head,
    /// The probability of the head's dropout, if it has one.
    pub dropout: f32,
}

impl Default for LegacyXceptionSpec {
    fn default() -> Self {
        Self {
            head: Head::Linear,
            dropout: 0.5,
        }
    }
}

/// A depthwise convolution and a pointwise one, nothing between them.
#[derive(Debug)]
struct Separable {
    depthwise: Conv2d,
    pointwise: Conv2d,
}

impl Separable {
    fn new(params: &Params, from: usize, to: usize) -> Result<Self> {
        let spec = |to, window, groups| Conv2dSpec {
            groups,
            bias: false,
            init: Init::KaimingNormalFanOut,
            ..Conv2dSpec::new(from, to, window)
        };
        let depthwise = spec(from, Geometry2d::square(3).padding(1), from);
        let pointwise = spec(to, Geometry2d::square(1), 1);
        Ok(Self {
            depthwise: Conv2d::new(&params.sub("conv1"), depthwise)?,
            pointwise: Conv2d::new(&params.sub("pointwise"), pointwise)?,
        })
    }

    fn forward(&self, xs: &Value) -> Result<Value> {
        self.pointwise.forward(&self.depthwise.forward(xs)?)
    }
}

/// A separable convolution, its norm and a ReLU.
#[derive(Debug)]
struct Exit {
    separable: Separable,
    norm: BatchNorm,
}

impl Stage for Exit {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        relu(&self.norm.forward(&self.separable.forward(xs)?, mode)?)
    }
}

/// Channels in and out, separable convolutions, stride, whether it begins with a ReLU, and whether
/// the channels grow in the first convolution (or in the last).
struct Layout(usize, usize, usize, usize, bool, bool);

#[derive(Debug)]
struct Block {
    layers: Vec<(Separable, BatchNorm)>,
    starts_with_relu: bool,
    stride: usize,
    skip: Option<ConvNorm>,
}

impl Block {
    fn new(params: &Params, layout: &Layout) -> Result<Self> {
        let &Layout(from, to, count, stride, starts_with_relu, grow_first) = layout;
        let rep = params.sub("rep");
        let layers = (0..count)
            .map(|i| {
                let grows = if grow_first { 0 } else { count - 1 };
                let inputs = if i > grows { to } else { from };
                let outputs = if i < grows { from } else { to };
                // Each ReLU, separable and norm is one entry of torch's sequence.
                let at = 3 * i + usize::from(starts_with_relu);
                let separable = Separable::new(&rep.sub(at.to_string()), inputs, outputs)?;
                let norm = rep.sub((at + 1).to_string());
                let norm = BatchNorm::new(&norm, outputs, BatchNormSpec::default())?;
                Ok((separable, norm))
            })
            .collect::<Result<_>>()?;
        let skip = (stride != 1 || from != to).then(|| {
            let at = [params.sub("skip"), params.sub("skipbn")];
            ConvNorm::new(at, (from, to), Geometry2d::square(1).stride(stride), 1)
        });
        Ok(Self {
            layers,
            starts_with_relu,
            stride,
            skip: skip.transpose()?,
        })
    }
}

impl Stage for Block {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let mut ys = xs.clone();
        for (i, (separable, norm)) in self.layers.iter().enumerate() {
            if i > 0 || self.starts_with_relu {
                ys = relu(&ys)?;
            }
            ys = norm.forward(&separable.forward(&ys)?, mode.reborrow())?;
        }
        if self.stride > 1 {
            let window = Geometry2d::square(3).stride(self.stride).padding(1);
            ys = MaxPool2d { window }.forward(&ys)?;
        }
        match &self.skip {
            Some(skip) => add(&ys, &skip.forward(xs, mode)?),
            None => add(&ys, xs),
        }
    }
}

impl LegacyXceptionSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        let stem = |i: usize, channels, window| -> Result<_> {
            let at = [params.sub(format!("conv{i}")), params.sub(format!("bn{i}"))];
            Ok(ConvNorm::new(at, channels, window, 1)?.relu())
        };
        let exit = |i: usize, from, to| -> Result<_> {
            let norm = params.sub(format!("bn{i}"));
            Ok(Exit {
                separable: Separable::new(&params.sub(format!("conv{i}")), from, to)?,
                norm: BatchNorm::new(&norm, to, BatchNormSpec::default())?,
            })
        };
        let mut layouts = vec![
            Layout(64, 128, 2, 2, false, true),
            Layout(128, 256, 2, 2, true, true),
            Layout(256, 728, 2, 2, true, true),
        ];
        layouts.extend((0..8).map(|_| Layout(728, 728, 3, 1, true, true)));
        layouts.push(Layout(728, 1024, 2, 2, true, false));
        let mut base = Base::new(channels, Extent::at_least(7));
        let window = Geometry2d::square(3);
        base.stage("conv1", stem(1, (channels, 32), window.stride(2))?);
        base.stage("conv2", stem(2, (32, 64), window)?);
        for (i, layout) in layouts.iter().enumerate() {
            let name = format!("block{}", i + 1);
            let block = Block::new(&params.sub(&name), layout)?;
            base.stage(name, block);
        }
        base.stage("conv3", exit(3, 1024, 1536)?);
        base.stage("conv4", exit(4, 1536, 2048)?);
        base.stage("pool", Pool::Average);
        base.features = 2048;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for LegacyXceptionSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc");
        self.head.on(base, NAME, &place, self.dropout, cx.classes)
    }
}
