//! The building block of nearly every network.

use sarangi_core::Result;
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Geometry2d, Init, MaxPool2d, Mode, Params, Value,
    relu, relu6,
};

use crate::Stage;

/// A convolution without bias, the batch norm after it and perhaps an activation.
#[derive(Debug)]
pub(crate) struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
    activation: Activation,
}

#[derive(Clone, Copy, Debug)]
enum Activation {
    None,
    Relu,
    Relu6,
}

impl ConvNorm {
    /// Makes the two layers at two places of a network; the filter begins as Kaiming's normal
    /// distribution by fan-out, as in torchvision.
    pub(crate) fn new(
        at: [Params; 2],
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
        Self::of(at, spec)
    }

    /// Makes the two layers, the convolution as described.
    pub(crate) fn of([conv, norm]: [Params; 2], spec: Conv2dSpec) -> Result<Self> {
        Ok(Self {
            conv: Conv2d::new(&conv, spec)?,
            norm: BatchNorm::new(&norm, spec.out_channels, BatchNormSpec::default())?,
            activation: Activation::None,
        })
    }

    /// With a ReLU after the norm.
    pub(crate) fn relu(self) -> Self {
        Self {
            activation: Activation::Relu,
            ..self
        }
    }

    /// With a ReLU6 after the norm.
    pub(crate) fn relu6(self) -> Self {
        Self {
            activation: Activation::Relu6,
            ..self
        }
    }
}

impl Stage for ConvNorm {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let xs = self.norm.forward(&self.conv.forward(xs)?, mode)?;
        match self.activation {
            Activation::None => Ok(xs),
            Activation::Relu => relu(&xs),
            Activation::Relu6 => relu6(&xs),
        }
    }
}

/// The pooling after the stem of ResNet and DenseNet.
pub(crate) fn stem_pool() -> MaxPool2d {
    MaxPool2d {
        window: Geometry2d::square(3).stride(2).padding(1),
    }
}
