//! MobileNetV2 (Sandler et al. 2018).

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{
    Dropout, Geometry2d, Linear, Mode, Model, Params, Value, add, global_avg_pool2d, relu6,
};
use serde::{Deserialize, Serialize};

use crate::ModelContext;
use crate::conv_norm::ConvNorm;

/// The choices of a [`MobileNetV2`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MobileNetV2Spec {
    /// The probability of the dropout before the last layer.
    pub dropout: f32,
}

impl Default for MobileNetV2Spec {
    fn default() -> Self {
        Self { dropout: 0.2 }
    }
}

/// Inverted residuals of depthwise convolutions; torchvision's `mobilenet_v2` of width 1, parameter
/// for parameter.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, classes).
#[derive(Debug)]
pub struct MobileNetV2 {
    in_channels: usize,
    stem: ConvNorm,
    blocks: Vec<Block>,
    head: ConvNorm,
    dropout: Dropout,
    classifier: Linear,
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
    /// None where the expansion is 1.
    expand: Option<ConvNorm>,
    depthwise: ConvNorm,
    project: ConvNorm,
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
        let wide = from * expansion;
        let expand = match expansion {
            1 => None,
            _ => Some(ConvNorm::new(
                pair(0),
                (from, wide),
                Geometry2d::square(1),
                1,
            )?),
        };
        let next = usize::from(expand.is_some());
        let window = Geometry2d::square(3).stride(stride).padding(1);
        let last = [
            params.sub((next + 1).to_string()),
            params.sub((next + 2).to_string()),
        ];
        Ok(Self {
            expand,
            depthwise: ConvNorm::new(pair(next), (wide, wide), window, wide)?,
            project: ConvNorm::new(last, (wide, to), Geometry2d::square(1), 1)?,
            residual: stride == 1 && from == to,
        })
    }

    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let mut ys = xs.clone();
        if let Some(expand) = &self.expand {
            ys = relu6(&expand.forward(&ys, mode.reborrow())?)?;
        }
        ys = relu6(&self.depthwise.forward(&ys, mode.reborrow())?)?;
        ys = self.project.forward(&ys, mode)?;
        if self.residual { add(&ys, xs) } else { Ok(ys) }
    }
}

impl<'a> Spec<ModelContext<'a>> for MobileNetV2Spec {
    type Built = MobileNetV2;

    fn build(&self, cx: ModelContext<'a>) -> Result<MobileNetV2> {
        const SPEC: &str = "mobilenet_v2";
        const LAST: usize = 1280;
        cx.check(SPEC)?;
        if !(0.0..1.0).contains(&self.dropout) {
            let reason = format!("must be in [0, 1), got {}", self.dropout);
            return Err(Error::config(SPEC, "dropout", reason));
        }
        let features = cx.params.sub("features");
        let pair = |i: usize| {
            let params = features.sub(i.to_string());
            [params.sub("0"), params.sub("1")]
        };
        let window = Geometry2d::square(3).stride(2).padding(1);
        let stem = ConvNorm::new(pair(0), (cx.in_channels, 32), window, 1)?;
        let mut blocks = Vec::new();
        let mut from = 32;
        for (expansion, to, count, stride) in STAGES {
            for i in 0..count {
                let params = features.sub((blocks.len() + 1).to_string());
                let stride = if i == 0 { stride } else { 1 };
                blocks.push(Block::new(&params, (from, to), expansion, stride)?);
                from = to;
            }
        }
        let head = pair(blocks.len() + 1);
        let classifier = cx.params.sub("classifier").sub("1");
        Ok(MobileNetV2 {
            in_channels: cx.in_channels,
            stem,
            blocks,
            head: ConvNorm::new(head, (from, LAST), Geometry2d::square(1), 1)?,
            dropout: Dropout { p: self.dropout },
            classifier: Linear::new(&classifier, LAST, cx.classes)?,
        })
    }
}

impl Model for MobileNetV2 {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        crate::input::check("mobilenet_v2", xs, self.in_channels, 1)?;
        let mut xs = relu6(&self.stem.forward(xs, mode.reborrow())?)?;
        for block in &self.blocks {
            xs = block.forward(&xs, mode.reborrow())?;
        }
        let xs = relu6(&self.head.forward(&xs, mode.reborrow())?)?;
        let xs = self.dropout.forward(&global_avg_pool2d(&xs)?, mode)?;
        self.classifier.forward(&xs)
    }
}
