//! The convolution layer.

use candle_core::Tensor;
use sarangi_core::Result;

use crate::{Geometry2d, Init, Params, conv2d};

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
}

impl Conv2dSpec {
    /// A square filter with stride 1, with a bias, that keeps the size if `kernel` is odd.
    pub fn same(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        let window = Geometry2d {
            padding: [kernel / 2; 2],
            ..Geometry2d::new([kernel; 2])
        };
        Self {
            in_channels,
            out_channels,
            window,
            groups: 1,
            bias: true,
        }
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
        } = spec;
        let per_group = in_channels / groups.max(1);
        let [kh, kw] = window.kernel;
        let init = Init::FanInUniform {
            fan_in: per_group.saturating_mul(kh).saturating_mul(kw),
        };
        Ok(Self {
            weight: params.weight("weight", (out_channels, per_group, kh, kw), init)?,
            bias: bias
                .then(|| params.weight("bias", out_channels, init))
                .transpose()?,
            window,
            groups,
        })
    }

    /// (batch, in, height, width) → (batch, out, height′, width′).
    ///
    /// # Errors
    /// As [`conv2d`].
    pub fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        conv2d(
            xs,
            &self.weight,
            self.bias.as_ref(),
            self.window,
            self.groups,
        )
    }
}
