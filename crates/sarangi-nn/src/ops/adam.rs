//! One step of Adam.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result as CandleResult, Tensor, Var, bail};
use sarangi_core::{During, Result};

/// The numbers of one step of Adam (Kingma and Ba 2015), as in `torch.optim.Adam`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The learning rate.
    pub lr: f64,
    /// The decay of the first and of the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub eps: f64,
    /// L2 penalty added to the gradient ("coupled"), as torch's `Adam(weight_decay)`; not AdamW's.
    pub weight_decay: f64,
    /// The number of this step, from 1.
    pub step: u64,
}

/// Changes a parameter and its two moments by one step of Adam, in place.
///
/// # Shapes
/// All four alike.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if the shapes differ or the device fails.
pub fn adam_step(
    parameter: &Var,
    gradient: &Tensor,
    first: &Var,
    second: &Var,
    step: AdamStep,
) -> Result<()> {
    (|| {
        let gradient = gradient.contiguous()?;
        if !parameter.device().is_cpu() {
            return on_device(parameter, &gradient, first, second, step);
        }
        first.inplace_op3(&gradient, parameter, &First(step))?;
        second.inplace_op3(&gradient, parameter, &Second(step))?;
        parameter.inplace_op3(first, second, &Update(step))
    })()
    .during("adam_step")
}

impl AdamStep {
    fn corrections(&self) -> (f64, f64) {
        let power = |beta: f64| 1.0 - beta.powf(self.step as f64);
        (power(self.betas.0), power(self.betas.1))
    }
}

/// The same arithmetic by tensor operations.
fn on_device(
    parameter: &Var,
    gradient: &Tensor,
    first: &Var,
    second: &Var,
    step: AdamStep,
) -> CandleResult<()> {
    let gradient = (gradient + (parameter.as_tensor() * step.weight_decay)?)?;
    let (beta1, beta2) = step.betas;
    first.set(&((first.as_tensor() * beta1)? + (&gradient * (1.0 - beta1))?)?)?;
    second.set(&((second.as_tensor() * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?)?;
    let (correction1, correction2) = step.corrections();
    let root = ((second.as_tensor() / correction2)?.sqrt()? + step.eps)?;
    let change = (first.as_tensor() * (step.lr / correction1))?.div(&root)?;
    parameter.set(&(parameter.as_tensor() - change)?)
}

struct First(AdamStep);
struct Second(AdamStep);
struct Update(AdamStep);

/// Runs `change(out, a, b)` on every element of three arrays of one length.
fn zip3(
    (out, out_layout): (&mut CpuStorage, &Layout),
    (a, a_layout): (&CpuStorage, &Layout),
    (b, b_layout): (&CpuStorage, &Layout),
    change: impl Fn(&mut f32, f32, f32),
) -> CandleResult<()> {
    let (a, b) = (
        super::slices::of(a, a_layout)?,
        super::slices::of(b, b_layout)?,
    );
    let (Some((from, to)), CpuStorage::F32(out)) = (out_layout.contiguous_offsets(), out) else {
        bail!("adam_step: parameters must be contiguous and of type f32");
    };
    if a.len() != to - from || b.len() != to - from {
        bail!(
            "adam_step: shapes differ: {} values, {} and {}",
            to - from,
            a.len(),
            b.len()
        );
    }
    out[from..to]
        .iter_mut()
        .zip(a)
        .zip(b)
        .for_each(|((out, &a), &b)| change(out, a, b));
    Ok(())
}

impl InplaceOp3 for First {
    fn name(&self) -> &'static str {
        "adam_first_moment"
    }

    fn cpu_fwd(
        &self,
        m: &mut CpuStorage,
        ml: &Layout,
        gradient: &CpuStorage,
        gl: &Layout,
        parameter: &CpuStorage,
        pl: &Layout,
    ) -> CandleResult<()> {
        let (decay, rate) = (self.0.weight_decay as f32, (1.0 - self.0.betas.0) as f32);
        zip3((m, ml), (gradient, gl), (parameter, pl), |m, g, p| {
            *m += rate * (g + decay * p - *m)
        })
    }
}

impl InplaceOp3 for Second {
    fn name(&self) -> &'static str {
        "adam_second_moment"
    }

    fn cpu_fwd(
        &self,
        v: &mut CpuStorage,
        vl: &Layout,
        gradient: &CpuStorage,
        gl: &Layout,
        parameter: &CpuStorage,
        pl: &Layout,
    ) -> CandleResult<()> {
        let (decay, beta) = (self.0.weight_decay as f32, self.0.betas.1 as f32);
        let rate = (1.0 - self.0.betas.1) as f32;
        zip3((v, vl), (gradient, gl), (parameter, pl), |v, g, p| {
            let g = g + decay * p;
            *v = beta * *v + rate * g * g;
        })
    }
}

impl InplaceOp3 for Update {
    fn name(&self) -> &'static str {
        "adam_update"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        pl: &Layout,
        m: &CpuStorage,
        ml: &Layout,
        v: &CpuStorage,
        vl: &Layout,
    ) -> CandleResult<()> {
        let (correction1, correction2) = self.0.corrections();
        let rate = (self.0.lr / correction1) as f32;
        let root = correction2.sqrt() as f32;
        let eps = self.0.eps as f32;
        zip3((parameter, pl), (m, ml), (v, vl), |p, m, v| {
            *p -= rate * m / (v.sqrt() / root + eps)
        })
    }
}
