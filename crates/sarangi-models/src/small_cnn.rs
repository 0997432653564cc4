//! The small convolutional network of the GTZAN pictures system.

use sarangi_core::{Result, Spec};
use sarangi_nn::Params;
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::plain_cnn::{Halving, check_size};
use crate::stage::Flatten;
use crate::{Head, ModelContext, Network};

const NAME: &str = "small_cnn";

/// The choices of the small network of `Debsat/--Music-Genre-Classification-in-Pytorch`: three
/// 3 × 3 convolutions without padding to 16, 32 and 64 channels, each with ReLU and halving, and a
/// linear layer. On 224 × 224 pixels of three channels, with ten classes, it has the published
/// 456,234 parameters.
///
/// Stages: `conv1`, `conv2`, `conv3`, `flatten`, `logits`. Weights: `conv1`, `conv2`, `conv3`, `fc`.
///
/// # Shapes
/// (batch, channels, `size` 0, `size` 1) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmallCnnSpec {
    /// Height and width of the pictures (bins and frames), at least 22.
    pub size: [usize; 2],
}

impl Default for SmallCnnSpec {
    fn default() -> Self {
        Self { size: [224, 224] }
    }
}

impl SmallCnnSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        check_size(NAME, self.size, 22)?;
        let mut base = Base::new(channels, Extent::exactly(self.size));
        let (mut from, mut size) = (channels, self.size);
        for (i, to) in [16, 32, 64].into_iter().enumerate() {
            let name = format!("conv{}", i + 1);
            let stage = Halving::new(&params.sub(&name), (from, to), 0)?;
            base.stage(name, stage);
            from = to;
            size = size.map(|side| (side - 2) / 2);
        }
        base.stage("flatten", Flatten);
        base.features = from * size[0] * size[1];
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for SmallCnnSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc");
        Head::Linear.on(base, NAME, &place, 0.0, cx.classes)
    }
}
