//! What a backward pass finds.

mod arithmetic;

use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};
use sarangi_core::{During, Result};

use super::{Cpu, Flow, GpuFlow, GpuNode, Gradient, Node, Parameters};
use crate::cpu::buffer::Buffer;
use crate::exchange::Outbox;
use crate::gpu::Gpu;
use crate::value::{Value, View};

/// The gradients of a loss with respect to parameters and
/// [variables](crate::Value::variable).
#[derive(Debug)]
pub struct Gradients(Kind);

#[derive(Debug)]
enum Kind {
    Host(Flow),
    Gpu(GpuFlow),
    Device(GradStore),
}

impl Gradients {
    pub(crate) fn from(node: &Arc<Node>, gradient: Gradient) -> Result<Self> {
        Flow::from(node, gradient).map(|flow| Self(Kind::Host(flow)))
    }

    pub(crate) fn from_gpu(node: &Arc<GpuNode>, gradient: Tensor) -> Result<Self> {
        GpuFlow::from(node, gradient).map(|flow| Self(Kind::Gpu(flow)))
    }

    /// As [`from`](Self::from), complete gradients of parameters taken away by `outbox`, which comes
    /// back.
    pub(crate) fn sent(
        node: &Arc<Node>,
        gradient: Gradient,
        outbox: Outbox<Cpu>,
    ) -> Result<(Self, Outbox<Cpu>)> {
        let (flow, outbox) = Flow::sent(node, gradient, outbox)?;
        Ok((Self(Kind::Host(flow)), outbox))
    }

    /// As [`sent`](Self::sent), on a GPU.
    pub(crate) fn sent_from_gpu(
        node: &Arc<GpuNode>,
        gradient: Tensor,
        outbox: Outbox<Gpu>,
    ) -> Result<(Self, Outbox<Gpu>)> {
        let (flow, outbox) = GpuFlow::sent(node, gradient, outbox)?;
        Ok((Self(Kind::Gpu(flow)), outbox))
    }

    /// The gradients of parameters on the CPU.
    pub(crate) fn host(&mut self) -> Option<&mut Parameters<Cpu>> {
        match &mut self.0 {
            Kind::Host(flow) => Some(flow.parameters_mut()),
            Kind::Gpu(_) | Kind::Device(_) => None,
        }
    }

    /// The gradients of parameters on a GPU.
    pub(crate) fn gpu(&mut self) -> Option<&mut Parameters<Gpu>> {
        match &mut self.0 {
            Kind::Gpu(flow) => Some(flow.parameters_mut()),
            Kind::Host(_) | Kind::Device(_) => None,
        }
    }

    /// Sets the gradient of a parameter on a device that has no kernels here.
    pub(crate) fn replace_on_device(&mut self, parameter: &Tensor, gradient: Tensor) {
        if let Kind::Device(store) = &mut self.0 {
            store.insert(parameter, gradient);
        }
    }

    pub(crate) fn of_device(store: GradStore) -> Self {
        Self(Kind::Device(store))
    }

    /// The gradient of a parameter, shaped like it; none if the loss does not depend on it.
    ///
    /// # Errors
    /// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
    pub fn get(&self, parameter: &Tensor) -> Result<Option<Tensor>> {
        match &self.0 {
            Kind::Host(flow) => match flow.of_parameter(parameter) {
                Some(values) => Tensor::from_slice(values, parameter.shape(), &Device::Cpu)
                    .map(Some)
                    .during("gradient"),
                None => Ok(None),
            },
            Kind::Gpu(flow) => Ok(flow.of_parameter(parameter).cloned()),
            Kind::Device(store) => Ok(store.get(parameter).cloned()),
        }
    }

    /// The gradient of a [variable](crate::Value::variable).
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn of(&self, variable: &Value) -> Result<Option<Tensor>> {
        match (&self.0, variable.view()) {
            (Kind::Host(flow), View::Host(host)) => {
                let gradient = host.node().and_then(|node| flow.of_leaf(node));
                let tensor = gradient.map(|gradient| host.shaped(&gradient.clone().into_stored()));
                tensor.transpose().during("gradient")
            }
            (Kind::Gpu(flow), View::Gpu(xs)) => {
                let gradient = xs.node().and_then(|node| flow.of_leaf(node));
                let tensor = gradient.map(|gradient| xs.planar(gradient));
                tensor.transpose().during("gradient")
            }
            (Kind::Device(store), View::Device(tensor)) => Ok(store.get(tensor).cloned()),
            _ => Ok(None),
        }
    }

    /// Whether they are of values that the kernels of GPUs worked on.
    pub(crate) fn are_of_gpu(&self) -> bool {
        matches!(self.0, Kind::Gpu(_))
    }

    /// The gradient of a parameter that is on another device than the CPU.
    pub(crate) fn on_device(&self, parameter: &Tensor) -> Option<&Tensor> {
        match &self.0 {
            Kind::Host(_) => None,
            Kind::Gpu(flow) => flow.of_parameter(parameter),
            Kind::Device(store) => store.get(parameter),
        }
    }

    /// The values of a parameter's gradient on the CPU, in torch's order.
    pub(crate) fn values(&self, parameter: &Tensor) -> Option<&Buffer> {
        match &self.0 {
            Kind::Host(flow) => flow.of_parameter(parameter),
            Kind::Gpu(_) | Kind::Device(_) => None,
        }
    }
}
