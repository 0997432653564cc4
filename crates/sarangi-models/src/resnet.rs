//! Residual networks of basic blocks (He et al. 2016).

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    Geometry2d, Linear, MaxPool2d, Mode, Model, Params, Value, add_relu, global_avg_pool2d, relu,
};
use serde::{Deserialize, Serialize};

use crate::ModelContext;
use crate::conv_norm::ConvNorm;

/// The choices of a [`ResNet`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResNetSpec {
    /// 18 or 34 layers.
    pub layers: usize,
}

impl Default for ResNetSpec {
    fn default() -> Self {
        Self { layers: 18 }
    }
}

/// A 7 × 7 stem with stride 2, a 3 × 3 maximum pooling, four stages of basic blocks with 64, 128,
/// 256 and 512 channels, the mean over the picture and a linear layer; torchvision's `resnet18` and
/// `resnet34`, parameter for parameter.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes).
#[derive(Debug)]
pub struct ResNet {
    in_channels: usize,
    stem: ConvNorm,
    blocks: Vec<Block>,
    fc: Linear,
}

#[derive(Debug)]
struct Block {
    first: ConvNorm,
    second: ConvNorm,
    /// Where the shape changes.
    shortcut: Option<ConvNorm>,
}

impl Block {
    fn new(params: &Params, (from, to): (usize, usize), stride: usize) -> Result<Self> {
        let at = |i: usize| [params.sub(format!("conv{i}")), params.sub(format!("bn{i}"))];
        let window = Geometry2d::square(3).padding(1);
        let shortcut = (stride != 1 || from != to).then(|| {
            let params = params.sub("downsample");
            let at = [params.sub("0"), params.sub("1")];
            ConvNorm::new(at, (from, to), Geometry2d::square(1).stride(stride), 1)
        });
        Ok(Self {
            first: ConvNorm::new(at(1), (from, to), window.stride(stride), 1)?,
            second: ConvNorm::new(at(2), (to, to), window, 1)?,
            shortcut: shortcut.transpose()?,
        })
    }

    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let ys = relu(&self.first.forward(xs, mode.reborrow())?)?;
        let ys = self.second.forward(&ys, mode.reborrow())?;
        match &self.shortcut {
            Some(shortcut) => add_relu(&ys, &shortcut.forward(xs, mode)?),
            None => add_relu(&ys, xs),
        }
    }
}

impl<'a> Spec<ModelContext<'a>> for ResNetSpec {
    type Built = ResNet;

    fn build(&self, cx: ModelContext<'a>) -> Result<ResNet> {
        const SPEC: &str = "resnet";
        cx.check(SPEC)?;
        let stages = match self.layers {
            18 => [2, 2, 2, 2],
            34 => [3, 4, 6, 3],
            other => {
                let reason = format!("must be 18 or 34, got {other}");
                return Err(Error::config(SPEC, "layers", reason));
            }
        };
        let params = cx.params;
        let stem = ConvNorm::new(
            [params.sub("conv1"), params.sub("bn1")],
            (cx.in_channels, 64),
            Geometry2d::square(7).stride(2).padding(3),
            1,
        )?;
        let mut blocks = Vec::new();
        let mut from = 64;
        for (stage, (count, to)) in stages.into_iter().zip([64, 128, 256, 512]).enumerate() {
            let params = params.sub(format!("layer{}", stage + 1));
            for i in 0..count {
                let stride = if stage > 0 && i == 0 { 2 } else { 1 };
                blocks.push(Block::new(&params.sub(i.to_string()), (from, to), stride)?);
                from = to;
            }
        }
        Ok(ResNet {
            in_channels: cx.in_channels,
            stem,
            blocks,
            fc: Linear::new(&params.sub("fc"), from, cx.classes)?,
        })
    }
}

impl Model for ResNet {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        crate::input::check("resnet", xs, self.in_channels, 1)?;
        let pool = MaxPool2d {
            window: Geometry2d::square(3).stride(2).padding(1),
        };
        let mut xs = pool.forward(&relu(&self.stem.forward(xs, mode.reborrow())?)?)?;
        for block in &self.blocks {
            xs = block.forward(&xs, mode.reborrow())?;
        }
        self.fc.forward(&global_avg_pool2d(&xs)?)
    }
}
