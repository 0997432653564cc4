//! One step of an optimiser, in place.

use candle_core::{Result as CandleResult, Tensor, Var};
use sarangi_core::{During, Error, Result};

use crate::backward::Gradients;
use crate::gpu;
use crate::tensors;

/// The numbers of one step of Adam (Kingma and Ba 2015), as in `torch.optim.Adam` and `AdamW`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The learning rate.
    pub lr: f64,
    /// The decay of the first and of the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub eps: f64,
    /// How strongly weights are pulled to 0.
    pub weight_decay: f64,
    /// Whether that pull acts on the weights themselves, as in `AdamW`, or is a penalty added to
    /// the gradient, as in `Adam`.
    pub decoupled: bool,
    /// The number of this step, from 1.
    pub step: u64,
}

/// The numbers of one step of stochastic gradient descent, as in `torch.optim.SGD`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// The learning rate.
    pub lr: f64,
    /// How much of the last step's direction is kept.
    pub momentum: f64,
    /// The share of the new gradient that is left out of the direction.
    pub dampening: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Whether to look ahead along the direction (Nesterov 1983).
    pub nesterov: bool,
    /// The number of this step, from 1: the first takes the gradient undamped.
    pub step: u64,
}

/// Changes a parameter and its two moments by one step of Adam. False if it has no gradient.
///
/// # Shapes
/// All alike.
///
/// # Errors
/// [`Error::Shape`] if the shapes differ, [`Error::Config`] for step 0, [`Error::Backend`] if the
/// device fails.
pub fn adam_step(
    parameter: &Var,
    gradients: &Gradients,
    [first, second]: [&Var; 2],
    step: AdamStep,
) -> Result<bool> {
    const OP: &str = "adam_step";
    check(OP, step.step, parameter, &[first, second])?;
    step_with(
        parameter,
        gradients,
        |gradient| {
            tensors::change(parameter, |p| {
                tensors::change(first, |m| {
                    tensors::change(second, |v| step.run(p, gradient, m, v))
                })
            })???;
            Ok(())
        },
        |gradient| match gradients.are_of_gpu() {
            true => gpu::adam(parameter, gradient, [first, second], &step),
            false => adam_on_device(parameter, gradient, first, second, step),
        },
    )
    .during(OP)
}

/// Changes a parameter and its velocity, which a momentum needs, by one step of gradient descent.
/// False if it has no gradient.
///
/// # Shapes
/// All alike.
///
/// # Errors
/// As [`adam_step`], and [`Error::Config`] for a momentum without a velocity.
pub fn sgd_step(
    parameter: &Var,
    gradients: &Gradients,
    velocity: Option<&Var>,
    step: SgdStep,
) -> Result<bool> {
    const OP: &str = "sgd_step";
    check(OP, step.step, parameter, velocity.as_slice())?;
    if velocity.is_none() && step.momentum != 0.0 {
        let reason = format!("{} needs a velocity", step.momentum);
        return Err(Error::config(OP, "momentum", reason));
    }
    step_with(
        parameter,
        gradients,
        |gradient| {
            tensors::change(parameter, |p| match velocity {
                Some(velocity) => {
                    tensors::change(velocity, |v| step.run_with_momentum(p, gradient, v))
                }
                None => {
                    step.run(p, gradient);
                    Ok(())
                }
            })?
        },
        |gradient| match gradients.are_of_gpu() {
            true => gpu::sgd(parameter, gradient, velocity, &step),
            false => sgd_on_device(parameter, gradient, velocity, step),
        },
    )
    .during(OP)
}

fn check(op: &'static str, step: u64, parameter: &Var, state: &[&Var]) -> Result<()> {
    if step == 0 {
        return Err(Error::config(op, "step", "counts from 1, got 0"));
    }
    match state.iter().find(|var| var.dims() != parameter.dims()) {
        None => Ok(()),
        Some(wrong) => {
            let expected = format!("state of the parameter's shape {:?}", parameter.dims());
            Err(Error::shape(op, expected, format!("{:?}", wrong.dims())))
        }
    }
}

fn step_with(
    parameter: &Var,
    gradients: &Gradients,
    host: impl FnOnce(&[f32]) -> CandleResult<()>,
    device: impl FnOnce(&Tensor) -> CandleResult<()>,
) -> CandleResult<bool> {
    if let Some(gradient) = gradients.values(parameter) {
        return host(gradient).map(|()| true);
    }
    match gradients.on_device(parameter) {
        Some(gradient) => device(gradient).map(|()| true),
        None => Ok(false),
    }
}

impl AdamStep {
    /// What the moments are divided by, since they begin at 0.
    pub(crate) fn corrections(&self) -> (f64, f64) {
        let power = |beta: f64| 1.0 - beta.powf(self.step as f64);
        (power(self.betas.0), power(self.betas.1))
    }
}

/// The same arithmetic by tensor operations.
fn adam_on_device(
    parameter: &Var,
    gradient: &Tensor,
    first: &Var,
    second: &Var,
    step: AdamStep,
) -> CandleResult<()> {
    let (penalty, pull) = match step.decoupled {
        true => (0.0, step.lr * step.weight_decay),
        false => (step.weight_decay, 0.0),
    };
    let gradient = (gradient + (parameter.as_tensor() * penalty)?)?;
    let (beta1, beta2) = step.betas;
    first.set(&((first.as_tensor() * beta1)? + (&gradient * (1.0 - beta1))?)?)?;
    second.set(&((second.as_tensor() * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?)?;
    let (correction1, correction2) = step.corrections();
    let root = ((second.as_tensor() / correction2)?.sqrt()? + step.eps)?;
    let change = (first.as_tensor() * (step.lr / correction1))?.div(&root)?;
    parameter.set(&((parameter.as_tensor() * (1.0 - pull))? - change)?)
}

/// The same arithmetic by tensor operations.
fn sgd_on_device(
    parameter: &Var,
    gradient: &Tensor,
    velocity: Option<&Var>,
    step: SgdStep,
) -> CandleResult<()> {
    let gradient = (gradient + (parameter.as_tensor() * step.weight_decay)?)?;
    let change = match velocity {
        None => gradient,
        Some(velocity) => {
            let (kept, taken) = match step.step {
                0 | 1 => (0.0, 1.0),
                _ => (step.momentum, 1.0 - step.dampening),
            };
            velocity.set(&((velocity.as_tensor() * kept)? + (&gradient * taken)?)?)?;
            match step.nesterov {
                true => (gradient + (velocity.as_tensor() * step.momentum)?)?,
                false => velocity.as_tensor().clone(),
            }
        }
    };
    parameter.set(&(parameter.as_tensor() - (change * step.lr)?)?)
}
