//! What is done to gradients between the way back and an optimiser's step. `parameters` are all that
//! have one; sums go through them in their order.

use candle_core::{Result as CandleResult, Tensor, Var};
use sarangi_core::{During, Error, Result};

use super::{Gradients, Kind};
use crate::cpu::optimiser::squares;
use crate::cpu::pointwise::{add, clamp, scale};

impl Gradients {
    /// Adds the gradients of another way back, as torch does where `zero_grad` is left out.
    ///
    /// # Errors
    /// [`Error::Shape`] if the other's are on another device, [`Error::Backend`] if the device fails.
    pub fn add(&mut self, mut other: Self, parameters: &[Var]) -> Result<()> {
        const OP: &str = "add_gradients";
        for parameter in parameters {
            match (&mut self.0, &mut other.0) {
                (Kind::Host(flow), Kind::Host(other)) => {
                    if let Some(more) = other.take_parameter(parameter) {
                        match flow.of_parameter_mut(parameter) {
                            Some(values) => add(values, &more),
                            None => flow.set_parameter(parameter, more),
                        }
                    }
                }
                (Kind::Gpu(flow), Kind::Gpu(other)) => {
                    if let Some(more) = other.take_parameter(parameter) {
                        let sum = match flow.of_parameter(parameter) {
                            Some(values) => (values + more).during(OP)?,
                            None => more,
                        };
                        flow.set_parameter(parameter, sum);
                    }
                }
                (Kind::Device(store), Kind::Device(other)) => {
                    if let Some(more) = other.remove(parameter) {
                        let sum = match store.get(parameter) {
                            Some(values) => (values + more).during(OP)?,
                            None => more,
                        };
                        store.insert(parameter, sum);
                    }
                }
                _ => return Err(Error::shape(OP, "gradients on one device", "two")),
            }
        }
        Ok(())
    }

    /// Multiplies all gradients by `factor`.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn scale(&mut self, parameters: &[Var], factor: f64) -> Result<()> {
        self.change(
            parameters,
            |values| scale(values, factor as f32),
            |gradient| gradient * factor,
        )
        .during("scale_gradients")
    }

    /// Whether every value of every gradient is finite; `torch.amp.GradScaler` asks this before a
    /// step.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn are_finite(&self, parameters: &[Var]) -> Result<bool> {
        for parameter in parameters {
            let finite = match (self.values(parameter), self.on_device(parameter)) {
                // A sum of squares in f64 is as finite as its f32 values are.
                (Some(values), _) => squares(values).is_finite(),
                // 0 · x is 0 for what is finite alone.
                (_, Some(gradient)) => (gradient * 0.0)
                    .and_then(|zeros| zeros.sum_all()?.to_scalar::<f32>())
                    .during("finite_gradients")?
                    .is_finite(),
                _ => true,
            };
            if !finite {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Brings every value of every gradient into [−`clip_value`, `clip_value`];
    /// `torch.nn.utils.clip_grad_value_`.
    ///
    /// # Errors
    /// [`Error::Config`] if `clip_value` is not above 0, [`Error::Backend`] if the device fails.
    pub fn clip_value(&mut self, parameters: &[Var], clip_value: f64) -> Result<()> {
        const OP: &str = "clip_value";
        above_zero(OP, "clip_value", clip_value)?;
        let bound = clip_value as f32;
        self.change(
            parameters,
            |values| clamp(values, bound),
            |gradient| gradient.clamp(-bound, bound),
        )
        .during(OP)
    }

    /// Scales all gradients so that their common 2-norm is at most `max_norm`, and returns what it
    /// was; `torch.nn.utils.clip_grad_norm_`. `parameters` are all that have one, in a fixed order,
    /// in which the squares are summed.
    ///
    /// # Errors
    /// [`Error::Config`] if `max_norm` is not above 0, [`Error::Backend`] if the device fails.
    pub fn clip_norm(&mut self, parameters: &[Var], max_norm: f64) -> Result<f64> {
        const OP: &str = "clip_norm";
        above_zero(OP, "max_norm", max_norm)?;
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
            self.scale(parameters, factor)?;
        }
        Ok(norm)
    }

    /// Changes each gradient.
    fn change(
        &mut self,
        parameters: &[Var],
        host: impl Fn(&mut [f32]),
        device: impl Fn(&Tensor) -> CandleResult<Tensor>,
    ) -> CandleResult<()> {
        for parameter in parameters {
            match &mut self.0 {
                Kind::Host(flow) => {
                    if let Some(values) = flow.of_parameter_mut(parameter) {
                        host(values);
                    }
                }
                Kind::Gpu(flow) => {
                    if let Some(gradient) = flow.of_parameter_mut(parameter) {
                        *gradient = device(gradient)?;
                    }
                }
                Kind::Device(store) => {
                    if let Some(gradient) = store.get(parameter) {
                        let changed = device(gradient)?;
                        store.insert(parameter, changed);
                    }
                }
            }
        }
        Ok(())
    }
}

fn above_zero(op: &'static str, field: &'static str, bound: f64) -> Result<()> {
    if bound.is_nan() || bound <= 0.0 {
        return Err(Error::config(
            op,
            field,
            format!("must be above 0, got {bound}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, linear};
    use candle_core::{DType, Device};

    /// The gradients of `(w · x) + b` with respect to w and b, here and by tensor operations.
    fn both(w: &Var, b: &Var, x: [f32; 2]) -> [Gradients; 2] {
        let x = Tensor::new(&[x], &Device::Cpu).unwrap();
        let host = Value::tracked(&x).unwrap();
        let host = linear(&host, w, Some(b)).unwrap().backward().unwrap();
        let y = x.matmul(&w.t().unwrap()).unwrap();
        let y = y.broadcast_add(b).unwrap().sum_all().unwrap();
        [host, Gradients::of_device(y.backward().unwrap())]
    }

    fn parameters() -> [Var; 2] {
        let w = Var::new(&[[1.0f32, -2.0]], &Device::Cpu).unwrap();
        [w, Var::zeros(1, DType::F32, &Device::Cpu).unwrap()]
    }

    fn values(gradients: &Gradients, w: &Var) -> Vec<f32> {
        let gradient = gradients.get(w).unwrap().unwrap();
        gradient.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn clipping_scales_to_the_bound_and_leaves_small_gradients_alone() {
        let [w, b] = parameters();
        for of in [0, 1] {
            let clipped = |bound| {
                let mut gradients = both(&w, &b, [3.0, 4.0]).into_iter().nth(of).unwrap();
                let norm = gradients
                    .clip_norm(std::slice::from_ref(&w), bound)
                    .unwrap();
                (norm, values(&gradients, &w))
            };
            assert_eq!(clipped(10.0), (5.0, vec![3.0, 4.0]));
            let (norm, values) = clipped(1.0);
            assert_eq!(norm, 5.0);
            assert!((values[0] - 0.6).abs() < 1e-6 && (values[1] - 0.8).abs() < 1e-6);
        }
        let [mut gradients, _] = both(&w, &b, [3.0, 4.0]);
        let w = std::slice::from_ref(&w);
        assert!(gradients.clip_norm(w, f64::NAN).is_err());
        assert!(gradients.clip_value(w, 0.0).is_err());
    }

    #[test]
    fn values_are_clipped_scaled_and_added() {
        let [w, b] = parameters();
        let all = [w.clone(), b.clone()];
        for (mut one, other) in both(&w, &b, [3.0, -4.0])
            .into_iter()
            .zip(both(&w, &b, [1.0, 1.0]))
        {
            one.clip_value(std::slice::from_ref(&w), 2.5).unwrap();
            assert_eq!(values(&one, &w), [2.5, -2.5]);
            one.add(other, &all).unwrap();
            assert_eq!(
                (values(&one, &w), values(&one, &b)),
                (vec![3.5, -1.5], vec![2.0])
            );
            one.scale(&all, 0.5).unwrap();
            assert_eq!(
                (values(&one, &w), values(&one, &b)),
                (vec![1.75, -0.75], vec![1.0])
            );
        }
        let [mut host, device] = both(&w, &b, [1.0, 1.0]);
        assert!(host.add(device, &all).is_err());
    }

    #[test]
    fn what_is_not_finite_is_found_and_what_is_large_is_not() {
        let [w, b] = parameters();
        let all = [w.clone(), b.clone()];
        for (x, expected) in [
            ([1.0, f32::MAX], true),
            ([f32::INFINITY, 1.0], false),
            ([1.0, f32::NAN], false),
        ] {
            for gradients in both(&w, &b, x) {
                assert_eq!(gradients.are_finite(&all).unwrap(), expected, "{x:?}");
            }
        }
    }
}
