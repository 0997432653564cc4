//! The basic convolutional network of the spectrogram and wavelet system.

use sarangi_core::{Result, Spec};
use sarangi_nn::{Dropout, Linear, Params};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::extent::Extent;
use crate::head::{HeadPlace, probability};
use crate::plain_cnn::{Halving, check_size};
use crate::stage::{Flatten, LinearRelu};
use crate::{Head, ModelContext, Network};

const NAME: &str = "basic_cnn";

/// The choices of the basic network of `charvibannur/Music-Genre-Classification`: three 3 × 3
/// convolutions to 32, 32 and 64 channels, each with ReLU and halving, dropout, and two linear
/// layers with 128 numbers between them. On 256 × 256 pixels of three channels, with ten classes, it
/// has the published 8,418,666 parameters. The system's last softmax is left to the loss.
///
/// Stages: `conv1`, `conv2`, `conv3`, `dropout`, `flatten`, `fc1`, `logits`. Weights: `conv1`,
/// `conv2`, `conv3`, `fc1`, `fc2`; the vector between is in the order (channels, height, width),
/// Keras's is (height, width, channels).
///
/// # Shapes
/// (batch, channels, `size` 0, `size` 1) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BasicCnnSpec {
    /// Height and width of the pictures (bins and frames), at least 8.
    pub size: [usize; 2],
    /// The probability of the dropout.
    pub dropout: f32,
}

impl Default for BasicCnnSpec {
    fn default() -> Self {
        Self {
            size: [256, 256],
            dropout: 0.4,
        }
    }
}

impl BasicCnnSpec {
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        check_size(NAME, self.size, 8)?;
        let p = probability(NAME, self.dropout)?;
        let mut base = Base::new(channels, Extent::exactly(self.size));
        let mut from = channels;
        for (i, to) in [32, 32, 64].into_iter().enumerate() {
            let name = format!("conv{}", i + 1);
            let stage = Halving::new(&params.sub(&name), (from, to), 1)?;
            base.stage(name, stage);
            from = to;
        }
        base.stage("dropout", Dropout { p });
        base.stage("flatten", Flatten);
        let [height, width] = self.size.map(|side| side / 8);
        let linear = Linear::new(&params.sub("fc1"), from * height * width, 128)?;
        base.stage("fc1", LinearRelu(linear));
        base.features = 128;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for BasicCnnSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc2");
        Head::Linear.on(base, NAME, &place, 0.0, cx.classes)
    }
}
