//! Steps of optimisers, one launch for each parameter.

use candle_core::{Result, Tensor, Var};

use super::launch::{Arg, Grid, count, launch};
use crate::ops::{AdamStep, SgdStep};

/// A step of Adam, in place.
pub(crate) fn adam(
    parameter: &Var,
    gradient: &Tensor,
    [first, second]: [&Var; 2],
    step: &AdamStep,
) -> Result<()> {
    let gradient = gradient.contiguous()?;
    let numbers = step.for_kernel().map(Arg::Number);
    let all = [
        Arg::Reads(&gradient),
        Arg::Writes(parameter),
        Arg::Writes(first),
        Arg::Writes(second),
    ];
    run("adam", &numbers, &all, &gradient)
}

/// A step of gradient descent, in place.
pub(crate) fn sgd(
    parameter: &Var,
    gradient: &Tensor,
    velocity: Option<&Var>,
    step: &SgdStep,
) -> Result<()> {
    let gradient = gradient.contiguous()?;
    let (kept, taken) = match step.step {
        0 | 1 => (0.0, 1.0),
        _ => (step.momentum, 1.0 - step.dampening),
    };
    let ahead = match step.nesterov {
        true => step.momentum,
        false => -1.0,
    };
    let numbers = [step.lr, step.weight_decay, kept, taken, ahead];
    let mut numbers: Vec<_> = numbers.map(|x| Arg::Number(x as f32)).into();
    numbers.push(Arg::Count(u32::from(velocity.is_some())));
    // Without a velocity none is read.
    let velocity = velocity.unwrap_or(parameter);
    let all = [
        Arg::Reads(&gradient),
        Arg::Writes(parameter),
        Arg::Writes(velocity),
    ];
    run("sgd", &numbers, &all, &gradient)
}

fn run(kernel: &'static str, numbers: &[Arg<'_>], rest: &[Arg<'_>], like: &Tensor) -> Result<()> {
    let values = like.elem_count();
    let args = [&[count(values)?], numbers, rest].concat();
    launch(
        kernel,
        like.dtype(),
        like.device(),
        Grid::over(values),
        &args,
    )
}
