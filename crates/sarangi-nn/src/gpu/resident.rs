//! A value in the memory of a GPU.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor};
use sarangi_core::Error;

use super::Gpu;
use super::device::prepare;
use crate::backward::{GpuNode, Gradients};
use crate::cpu::pictures::Pictures;
use crate::exchange::Outbox;
use crate::value::{Tracking, pictures};

/// Numbers and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Resident(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As in torch.
    dims: Vec<usize>,
    of: Pictures,
    /// (pixels, channels), contiguous; of f32, bf16 or f16.
    values: Tensor,
    node: Option<Arc<GpuNode>>,
    tracked: bool,
}

impl Resident {
    /// A batch of f32 in torch's order.
    pub(crate) fn from_tensor(tensor: &Tensor, tracking: Tracking) -> Result<Self> {
        prepare(tensor.device())?;
        let dims = tensor.dims().to_vec();
        let values = channels_last(tensor, &dims)?;
        let node = (tracking == Tracking::Itself).then(GpuNode::leaf);
        Ok(Self::result(dims, values, tracking != Tracking::Off, node))
    }

    /// The result of an operation.
    pub(crate) fn result(
        dims: Vec<usize>,
        values: Tensor,
        tracked: bool,
        node: Option<Arc<GpuNode>>,
    ) -> Self {
        Self(Arc::new(Inner {
            of: pictures(&dims),
            dims,
            values,
            node,
            tracked,
        }))
    }

    pub(crate) fn dims(&self) -> &[usize] {
        &self.0.dims
    }

    pub(crate) fn of(&self) -> Pictures {
        self.0.of
    }

    /// (pixels, channels)
    pub(crate) fn values(&self) -> &Tensor {
        &self.0.values
    }

    pub(crate) fn node(&self) -> Option<&Arc<GpuNode>> {
        self.0.node.as_ref()
    }

    pub(crate) fn tracked(&self) -> bool {
        self.0.tracked
    }

    /// The numbers in torch's order, of f32.
    pub(crate) fn tensor(&self) -> Result<Tensor> {
        self.planar(&self.0.values)
    }

    /// Numbers laid out like this value's as a tensor of its shape, of f32.
    pub(crate) fn planar(&self, values: &Tensor) -> Result<Tensor> {
        channels_first(values, &self.0.dims)?.to_dtype(DType::F32)
    }

    /// The same numbers in another precision.
    pub(crate) fn to_dtype(&self, dtype: DType) -> Result<Self> {
        let Inner {
            dims,
            values,
            tracked,
            ..
        } = &*self.0;
        let from = values.dtype();
        if from == dtype {
            return Ok(self.clone());
        }
        let node = self.0.node.clone().map(|parent| {
            GpuNode::new(move |dy: Tensor, flow| {
                use sarangi_core::During;
                flow.give(&parent, dy.to_dtype(from).during("to_dtype")?);
                Ok(())
            })
        });
        Ok(Self::result(
            dims.clone(),
            values.to_dtype(dtype)?,
            *tracked,
            node,
        ))
    }

    pub(crate) fn backward(&self, dy: Tensor) -> sarangi_core::Result<Gradients> {
        Gradients::from_gpu(self.way_back()?, dy)
    }

    /// As [`backward`](Self::backward), complete gradients taken away by `outbox`.
    pub(crate) fn backward_into(
        &self,
        dy: Tensor,
        outbox: Outbox<Gpu>,
    ) -> sarangi_core::Result<(Gradients, Outbox<Gpu>)> {
        Gradients::sent_from_gpu(self.way_back()?, dy, outbox)
    }

    fn way_back(&self) -> sarangi_core::Result<&Arc<GpuNode>> {
        let missing = || {
            let reason = "this value does not know where it came from; make the network's input with \
                          Value::tracked";
            Error::data("backward", reason)
        };
        self.0.node.as_ref().ok_or_else(missing)
    }
}

/// Whether the way back from an operation on these inputs and parameters must be remembered.
pub(super) fn records<'a>(
    inputs: &[&Resident],
    parameters: impl IntoIterator<Item = &'a Tensor>,
) -> bool {
    inputs.iter().any(|input| input.tracked())
        && (inputs.iter().any(|input| input.node().is_some())
            || parameters.into_iter().any(Tensor::is_variable))
}

/// A tensor in torch's order as (pixels, channels).
pub(super) fn channels_last(tensor: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let of = pictures(dims);
    let planes = (of.batch, of.channels, of.height * of.width);
    tensor
        .detach()
        .contiguous()?
        .reshape(planes)?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((of.pixels(), of.channels))
}

/// (pixels, channels) as a tensor of these dimensions, in torch's order.
pub(super) fn channels_first(values: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let of = pictures(dims);
    values
        .reshape((of.batch, of.height * of.width, of.channels))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape(dims)
}
