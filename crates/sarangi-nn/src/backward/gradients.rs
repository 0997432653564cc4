//! What a backward pass finds.

mod arithmetic;

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, TensorId};
use sarangi_core::{During, Error, Result};

use super::{Flow, Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::exchange::Outbox;
use crate::value::{Value, View};

/// The gradients of a loss with respect to parameters and
/// [variables](crate::Value::variable).
#[derive(Debug)]
pub struct Gradients(Kind);

#[derive(Debug)]
enum Kind {
    Host(Flow),
    Device(GradStore),
}

impl Gradients {
    pub(crate) fn from(node: &Arc<Node>, gradient: Gradient) -> Result<Self> {
        let mut flow = Flow::default();
        flow.give(node, gradient);
        Ok(Self(Kind::Host(flow.run()?)))
    }

    /// As [`from`](Self::from), complete gradients of parameters taken away by `outbox`, which comes
    /// back.
    pub(crate) fn sent(
        node: &Arc<Node>,
        gradient: Gradient,
        outbox: Outbox,
    ) -> Result<(Self, Outbox)> {
        let mut flow = Flow {
            outbox: Some(Box::new(outbox)),
            ..Flow::default()
        };
        flow.give(node, gradient);
        let mut flow = flow.run()?;
        let lost = || Error::data("backward", "lost what it was to send");
        let outbox = flow.outbox.take().ok_or_else(lost)?;
        Ok((Self(Kind::Host(flow)), *outbox))
    }

    /// The gradients of parameters on the CPU.
    pub(crate) fn host(&mut self) -> Option<&mut HashMap<TensorId, Buffer>> {
        match &mut self.0 {
            Kind::Host(flow) => Some(&mut flow.parameters),
            Kind::Device(_) => None,
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
            Kind::Host(flow) => match flow.parameters.get(&parameter.id()) {
                Some(values) => Tensor::from_slice(values, parameter.shape(), &Device::Cpu)
                    .map(Some)
                    .during("gradient"),
                None => Ok(None),
            },
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
                let number = host.node().map(|node| node.number);
                let gradient = number.and_then(|number| flow.leaves.get(&number));
                let tensor = gradient.map(|gradient| host.shaped(&gradient.clone().into_stored()));
                tensor.transpose().during("gradient")
            }
            (Kind::Device(store), View::Device(tensor)) => Ok(store.get(tensor).cloned()),
            _ => Ok(None),
        }
    }

    /// The gradient of a parameter on a device that has no kernels here.
    pub(crate) fn on_device(&self, parameter: &Tensor) -> Option<&Tensor> {
        match &self.0 {
            Kind::Host(_) => None,
            Kind::Device(store) => store.get(parameter),
        }
    }

    /// The values of a parameter's gradient on the CPU, in torch's order.
    pub(crate) fn values(&self, parameter: &Tensor) -> Option<&Buffer> {
        match &self.0 {
            Kind::Host(flow) => flow.parameters.get(&parameter.id()),
            Kind::Device(_) => None,
        }
    }
}
