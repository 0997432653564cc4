//! Softmax regression on pixels.

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::Params;
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::extent::Extent;
use crate::head::HeadPlace;
use crate::plain_cnn::check_size;
use crate::stage::Flatten;
use crate::{Head, ModelContext, Network};

const NAME: &str = "softmax_regression";

/// The choices of a softmax regression, one linear layer on all pixels: the simplest network of
/// `Debsat/--Music-Genre-Classification-in-Pytorch`. On 224 × 224 pixels of three channels, with ten
/// classes, it has the published 1,505,290 parameters.
///
/// Stages: `flatten`, `logits`. Weights: `fc`.
///
/// # Shapes
/// (batch, channels, `size` 0, `size` 1) → (batch, classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoftmaxRegressionSpec {
    /// Height and width of the pictures (bins and frames).
    pub size: [usize; 2],
}

impl Default for SoftmaxRegressionSpec {
    fn default() -> Self {
        Self { size: [224, 224] }
    }
}

impl SoftmaxRegressionSpec {
    pub(crate) fn base(&self, _: &Params, channels: usize) -> Result<Base> {
        check_size(NAME, self.size, 1)?;
        let [height, width] = self.size;
        let mut base = Base::new(channels, Extent::exactly(self.size));
        base.stage("flatten", Flatten);
        let features = channels.checked_mul(height * width);
        base.features = features.ok_or_else(|| {
            let reason = format!("{channels} channels of {height} × {width} are too many numbers");
            Error::config(NAME, "size", reason)
        })?;
        Ok(base)
    }
}

impl<'a> Spec<ModelContext<'a>> for SoftmaxRegressionSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        let base = self.base(cx.params, cx.in_channels)?;
        let place = HeadPlace::new(cx.params, "fc");
        Head::Linear.on(base, NAME, &place, 0.0, cx.classes)
    }
}
