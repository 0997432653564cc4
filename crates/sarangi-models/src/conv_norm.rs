//! The building block of nearly every network.

use sarangi_core::Result;
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Geometry2d, Init, Mode, Params, Value,
};

/// A convolution without bias and the batch norm after it.
#[derive(Debug)]
pub(crate) struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvNorm {
    /// Makes the two layers at two places of a network; the filter begins as Kaiming's normal
    /// distribution by fan-out, as in torchvision.
    pub(crate) fn new(
        [conv, norm]: [Params; 2],
        (from, to): (usize, usize),
        window: Geometry2d,
        groups: usize,
    ) -> Result<Self> {
        let spec = Conv2dSpec {
            groups,
            bias: false,
            init: Init::KaimingNormalFanOut,
            ..Conv2dSpec::new(from, to, window)
        };
        Ok(Self {
            conv: Conv2d::new(&conv, spec)?,
            norm: BatchNorm::new(&norm, to, BatchNormSpec::default())?,
        })
    }

    pub(crate) fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        self.norm.forward(&self.conv.forward(xs)?, mode)
    }
}
