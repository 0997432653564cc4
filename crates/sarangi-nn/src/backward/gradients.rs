//! What a backward pass finds.

use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use sarangi_core::{During, Error, Result};

use super::{Flow, Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::cpu::optimiser::squares;
use crate::cpu::pointwise::scale;
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

    /// Scales all gradients so that their common 2-norm is at most `max_norm`, and returns what it
    /// was; `torch.nn.utils.clip_grad_norm_`. `parameters` are all that have one, in a fixed order,
    /// in which the squares are summed.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if `max_norm` is not above 0,
    /// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
    pub fn clip_norm(&mut self, parameters: &[Var], max_norm: f64) -> Result<f64> {
        const OP: &str = "clip_norm";
        if max_norm.is_nan() || max_norm <= 0.0 {
            let reason = format!("must be above 0, got {max_norm}");
            return Err(Error::config(OP, "max_norm", reason));
        }
        let mut sum = 0.0;
        for parameter in parameters {
            sum += match (self.values(parameter), self.on_device(parameter)) {
                (Some(values), _) => squares(values),
                (_, Some(gradient)) => gradient
                    .sqr()
                    .and_then(|squares| squares.sum_all()?.to_scalar::<f32>())
                    .map(f64::from)
                    .during(OP)?,
                _ => 0.0,
            };
        }
        let norm = sum.sqrt();
        // As in torch: a hair less than the bound, so that a norm of 0 divides nothing.
        let factor = max_norm / (norm + 1e-6);
        if factor < 1.0 {
            for parameter in parameters {
                match &mut self.0 {
                    Kind::Host(flow) => {
                        if let Some(values) = flow.parameters.get_mut(&parameter.id()) {
                            scale(values, factor as f32);
                        }
                    }
                    Kind::Device(store) => {
                        if let Some(gradient) = store.get(parameter) {
                            let scaled = (gradient * factor).during(OP)?;
                            store.insert(parameter, scaled);
                        }
                    }
                }
            }
        }
        Ok(norm)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear;

    #[test]
    fn clipping_scales_to_the_bound_and_leaves_small_gradients_alone() {
        let w = Var::new(&[[1.0f32, -2.0]], &Device::Cpu).unwrap();
        let x = Value::tracked(&Tensor::new(&[[3.0f32, 4.0]], &Device::Cpu).unwrap()).unwrap();
        let clipped = |bound| {
            let y = linear(&x, &w, None).unwrap();
            let mut gradients = y.backward().unwrap();
            let norm = gradients
                .clip_norm(std::slice::from_ref(&w), bound)
                .unwrap();
            let values = gradients
                .get(&w)
                .unwrap()
                .unwrap()
                .to_vec2::<f32>()
                .unwrap();
            (norm, values[0].clone())
        };
        assert_eq!(clipped(10.0), (5.0, vec![3.0, 4.0]));
        let (norm, values) = clipped(1.0);
        assert_eq!(norm, 5.0);
        assert!((values[0] - 0.6).abs() < 1e-6 && (values[1] - 0.8).abs() < 1e-6);
        let y = linear(&x, &w, None).unwrap();
        assert!(y.backward().unwrap().clip_norm(&[w], f64::NAN).is_err());
    }
}
