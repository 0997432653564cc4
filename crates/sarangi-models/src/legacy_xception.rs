//! Xception (Chollet 2017) as its first PyTorch port laid it out.

use sarangi_core::{Result, Spec};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Geometry2d, Init, Linear, MaxPool2d, Mode, Model,
    Params, Value, add, global_avg_pool2d, relu,
};
use serde::{Deserialize, Serialize};

use crate::ModelContext;
use crate::conv_norm::ConvNorm;

/// The choices of a [`LegacyXception`]: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LegacyXceptionSpec {}

/// Depthwise-separable convolutions in twelve residual blocks; timm's `legacy_xception`, parameter
/// for parameter.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes); height and width at least 7.
#[derive(Debug)]
pub struct LegacyXception {
    in_channels: usize,
    stem: [ConvNorm; 2],
    blocks: Vec<Block>,
    exit: [(Separable, BatchNorm); 2],
    fc: Linear,
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

impl<'a> Spec<ModelContext<'a>> for LegacyXceptionSpec {
    type Built = LegacyXception;

    fn build(&self, cx: ModelContext<'a>) -> Result<LegacyXception> {
        cx.check("legacy_xception")?;
        let params = cx.params;
        let stem = |i: usize, channels, window| {
            let at = [params.sub(format!("conv{i}")), params.sub(format!("bn{i}"))];
            ConvNorm::new(at, channels, window, 1)
        };
        let exit = |i: usize, from, to| -> Result<_> {
            let norm = params.sub(format!("bn{i}"));
            Ok((
                Separable::new(&params.sub(format!("conv{i}")), from, to)?,
                BatchNorm::new(&norm, to, BatchNormSpec::default())?,
            ))
        };
        let mut layouts = vec![
            Layout(64, 128, 2, 2, false, true),
            Layout(128, 256, 2, 2, true, true),
            Layout(256, 728, 2, 2, true, true),
        ];
        layouts.extend((0..8).map(|_| Layout(728, 728, 3, 1, true, true)));
        layouts.push(Layout(728, 1024, 2, 2, true, false));
        let blocks = layouts
            .iter()
            .enumerate()
            .map(|(i, layout)| Block::new(&params.sub(format!("block{}", i + 1)), layout));
        Ok(LegacyXception {
            in_channels: cx.in_channels,
            stem: [
                stem(1, (cx.in_channels, 32), Geometry2d::square(3).stride(2))?,
                stem(2, (32, 64), Geometry2d::square(3))?,
            ],
            blocks: blocks.collect::<Result<_>>()?,
            exit: [exit(3, 1024, 1536)?, exit(4, 1536, 2048)?],
            fc: Linear::new(&params.sub("fc"), 2048, cx.classes)?,
        })
    }
}

impl Model for LegacyXception {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        crate::input::check("legacy_xception", xs, self.in_channels, 7)?;
        let mut xs = xs.clone();
        for layer in &self.stem {
            xs = relu(&layer.forward(&xs, mode.reborrow())?)?;
        }
        for block in &self.blocks {
            xs = block.forward(&xs, mode.reborrow())?;
        }
        for (separable, norm) in &self.exit {
            xs = relu(&norm.forward(&separable.forward(&xs)?, mode.reborrow())?)?;
        }
        self.fc.forward(&global_avg_pool2d(&xs)?)
    }
}
