//! The convolution layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Geometry2d, Init, Params, Value, conv2d};

/// The shape of a [`Conv2d`]; as `torch.nn.Conv2d`'s arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2dSpec {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Size and movement of the filter.
    pub window: Geometry2d,
    /// Groups of channels that do not see each other; as many as channels is depthwise.
    pub groups: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// How the filter begins.
    pub init: Init,
}

impl Conv2dSpec {
    /// A filter over all channels, with a bias, begun as torch begins it.
    pub fn new(in_channels: usize, out_channels: usize, window: Geometry2d) -> Self {
        Self {
            in_channels,
            out_channels,
            window,
            groups: 1,
            bias: true,
            init: Init::FanInUniform,
        }
    }

    /// A square filter with stride 1, with a bias, that keeps the size if `kernel` is odd.
    pub fn same(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        let window = Geometry2d::square(kernel).padding(kernel / 2);
        Self::new(in_channels, out_channels, window)
    }
}

/// A convolution with its filter `weight` and its `bias`; `torch.nn.Conv2d`.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Option<Tensor>,
    window: Geometry2d,
    groups: usize,
}

impl Conv2d {
    /// Makes the layer at `params`, its parameters begun as torch begins them.
    ///
    /// # Errors
    /// As [`Params::weight`].
    pub fn new(params: &Params, spec: Conv2dSpec) -> Result<Self> {
        let Conv2dSpec {
            in_channels,
            out_channels,
            window,
            groups,
            bias,
            init,
        } = spec;
        let per_group = in_channels / groups.max(1);
        let [kh, kw] = window.kernel;
        let shape = [out_channels, per_group, kh, kw];
        let bias_init = Init::bias_of(&shape);
        Ok(Self {
            weight: params.weight("weight", &shape, init)?,
            bias: bias
                .then(|| params.weight("bias", out_channels, bias_init))
                .transpose()?,
            window,
            groups,
        })
    }

    /// (batch, in, height, width) → (batch, out, height′, width′).
    ///
    /// # Errors
    /// As [`conv2d`].
    pub fn forward(&self, xs: &Value) -> Result<Value> {
        conv2d(
            xs,
            &self.weight,
            self.bias.as_ref(),
            self.window,
            self.groups,
        )
    }
}
