//! Steps of optimisers on flat slices, each in a single pass over memory.

use rayon::prelude::*;

use super::simd::{Kernel, Lanes, run};
use super::tasks::VALUES;
use crate::ops::{AdamStep, SgdStep};

impl AdamStep {
    /// Changes a parameter and its two moments by one step.
    pub(crate) fn run(
        &self,
        parameter: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let numbers = self.numbers();
        parameter
            .par_chunks_mut(VALUES)
            .zip(gradient.par_chunks(VALUES))
            .zip(first.par_chunks_mut(VALUES))
            .zip(second.par_chunks_mut(VALUES))
            .for_each(|(((parameter, gradient), first), second)| {
                run(AdamPart {
                    numbers,
                    parameter,
                    gradient,
                    first,
                    second,
                });
            });
    }
}

#[derive(Clone, Copy)]
struct AdamNumbers {
    /// What of the parameter is added to the gradient.
    penalty: f32,
    /// What the parameter is multiplied by.
    keep: f32,
    rate1: f32,
    beta2: f32,
    rate2: f32,
    /// What corrects the second moment's root for its start at 0.
    unbias: f32,
    eps: f32,
    /// The learning rate, corrected for the first moment's start at 0.
    step: f32,
}

struct AdamPart<'a> {
    numbers: AdamNumbers,
    parameter: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Kernel for AdamPart<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        let of = self.numbers;
        let moments = self.first.iter_mut().zip(self.second);
        let values = self.parameter.iter_mut().zip(self.gradient);
        for ((p, &g), (m, v)) in values.zip(moments) {
            let g = g + of.penalty * *p;
            *m += of.rate1 * (g - *m);
            *v = of.beta2 * *v + of.rate2 * (g * g);
            *p = of.keep * *p - of.step * *m / (v.sqrt() * of.unbias + of.eps);
        }
    }
}

impl AdamStep {
    fn numbers(&self) -> AdamNumbers {
        let (correction1, correction2) = self.corrections();
        let (beta1, beta2) = self.betas;
        let decay = self.weight_decay;
        AdamNumbers {
            penalty: if self.decoupled { 0.0 } else { decay as f32 },
            keep: if self.decoupled {
                (1.0 - self.lr * decay) as f32
            } else {
                1.0
            },
            rate1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            rate2: (1.0 - beta2) as f32,
            unbias: (1.0 / correction2.sqrt()) as f32,
            eps: self.eps as f32,
            step: (self.lr / correction1) as f32,
        }
    }

    /// What a kernel elsewhere is told, in the order of [`AdamNumbers`].
    pub(crate) fn for_kernel(&self) -> [f32; 8] {
        let AdamNumbers {
            penalty,
            keep,
            rate1,
            beta2,
            rate2,
            unbias,
            eps,
            step,
        } = self.numbers();
        [penalty, keep, rate1, beta2, rate2, unbias, eps, step]
    }
}

impl SgdStep {
    /// Changes a parameter by one step, without momentum.
    pub(crate) fn run(&self, parameter: &mut [f32], gradient: &[f32]) {
        parameter
            .par_chunks_mut(VALUES)
            .zip(gradient.par_chunks(VALUES))
            .for_each(|(parameter, gradient)| {
                run(SgdPart {
                    of: *self,
                    parameter,
                    gradient,
                });
            });
    }

    /// Changes a parameter and its velocity by one step. The first step fills the velocity with the
    /// gradient, undamped, whatever it held.
    pub(crate) fn run_with_momentum(
        &self,
        parameter: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
    ) {
        parameter
            .par_chunks_mut(VALUES)
            .zip(gradient.par_chunks(VALUES))
            .zip(velocity.par_chunks_mut(VALUES))
            .for_each(|((parameter, gradient), velocity)| {
                run(MomentumPart {
                    of: *self,
                    parameter,
                    gradient,
                    velocity,
                });
            });
    }
}

struct SgdPart<'a> {
    of: SgdStep,
    parameter: &'a mut [f32],
    gradient: &'a [f32],
}

impl Kernel for SgdPart<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        let (lr, decay) = (self.of.lr as f32, self.of.weight_decay as f32);
        for (p, &g) in self.parameter.iter_mut().zip(self.gradient) {
            *p -= lr * (g + decay * *p);
        }
    }
}

struct MomentumPart<'a> {
    of: SgdStep,
    parameter: &'a mut [f32],
    gradient: &'a [f32],
    velocity: &'a mut [f32],
}

impl Kernel for MomentumPart<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) {
        let (lr, decay) = (self.of.lr as f32, self.of.weight_decay as f32);
        let (momentum, rate) = (self.of.momentum as f32, (1.0 - self.of.dampening) as f32);
        let (first, nesterov) = (self.of.step <= 1, self.of.nesterov);
        let values = self.parameter.iter_mut().zip(self.gradient);
        for ((p, &g), v) in values.zip(self.velocity) {
            let g = g + decay * *p;
            *v = if first { g } else { momentum * *v + rate * g };
            *p -= lr * if nesterov { g + momentum * *v } else { *v };
        }
    }
}

/// The sum of the squares.
pub(crate) fn squares(values: &[f32]) -> f64 {
    let parts: Vec<f64> = values
        .par_chunks(VALUES)
        .map(|values| run(Squares { values }))
        .collect();
    parts.iter().sum()
}

struct Squares<'a> {
    values: &'a [f32],
}

impl Kernel for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Lanes>(self, _: S) -> f64 {
        let mut sums = [0f64; 64];
        for values in self.values.chunks(sums.len()) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pointwise::scale;
    use super::*;

    const COUNT: usize = VALUES + 37;

    fn noise(seed: u64) -> Vec<f32> {
        let mut rng = sarangi_core::Seed(seed).rng(0, 0);
        (0..COUNT).map(|_| rng.normal() as f32).collect()
    }

    #[track_caller]
    fn assert_close(found: &[f32], expected: &[f64]) {
        for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= 2e-6 * expected.abs().max(1.0),
                "{i}: {found} for {expected}"
            );
        }
    }

    fn wide(values: &[f32]) -> Vec<f64> {
        values.iter().map(|&v| f64::from(v)).collect()
    }

    #[test]
    fn adam_and_adamw_follow_their_papers() {
        for decoupled in [false, true] {
            let (mut p, mut m, mut v) = (noise(1), vec![0.0; COUNT], vec![0.0; COUNT]);
            let mut expected = wide(&p);
            let (mut first, mut second) = (vec![0f64; COUNT], vec![0f64; COUNT]);
            for step in 1..4 {
                let gradient = noise(10 + step);
                let (lr, decay) = (0.01, 0.1);
                AdamStep {
                    lr,
                    betas: (0.9, 0.999),
                    eps: 1e-8,
                    weight_decay: decay,
                    decoupled,
                    step,
                }
                .run(&mut p, &gradient, &mut m, &mut v);
                for (i, p) in expected.iter_mut().enumerate() {
                    let mut g = f64::from(gradient[i]);
                    if decoupled {
                        *p -= lr * decay * *p;
                    } else {
                        g += decay * *p;
                    }
                    first[i] = 0.9 * first[i] + 0.1 * g;
                    second[i] = 0.999 * second[i] + 0.001 * g * g;
                    let m = first[i] / (1.0 - 0.9f64.powi(step as i32));
                    let v = second[i] / (1.0 - 0.999f64.powi(step as i32));
                    *p -= lr * m / (v.sqrt() + 1e-8);
                }
            }
            assert_close(&p, &expected);
            assert_close(&m, &first);
            assert_close(&v, &second);
        }
    }

    #[test]
    fn descent_with_and_without_momentum() {
        for (momentum, dampening, nesterov) in [
            (0.0, 0.0, false),
            (0.9, 0.0, false),
            (0.9, 0.3, false),
            (0.9, 0.0, true),
        ] {
            let sgd = |step| SgdStep {
                step,
                lr: 0.1,
                momentum,
                dampening,
                weight_decay: 0.01,
                nesterov,
            };
            let (mut p, mut v) = (noise(2), vec![f32::NAN; COUNT]);
            let (mut expected, mut velocity) = (wide(&p), vec![0f64; COUNT]);
            for step in 1..4 {
                let gradient = noise(20 + step);
                if momentum == 0.0 {
                    sgd(step).run(&mut p, &gradient);
                } else {
                    sgd(step).run_with_momentum(&mut p, &gradient, &mut v);
                }
                for (i, p) in expected.iter_mut().enumerate() {
                    let g = f64::from(gradient[i]) + 0.01 * *p;
                    let old = velocity[i];
                    velocity[i] = if step == 1 {
                        g
                    } else {
                        momentum * old + (1.0 - dampening) * g
                    };
                    *p -= 0.1
                        * if nesterov {
                            g + momentum * velocity[i]
                        } else {
                            velocity[i]
                        };
                }
            }
            assert_close(&p, &expected);
        }
    }

    #[test]
    fn norms_and_scales() {
        let mut values = noise(3);
        let expected: f64 = wide(&values).iter().map(|v| v * v).sum();
        assert!((squares(&values) - expected).abs() <= 1e-12 * expected);
        assert_eq!(squares(&[]), 0.0);
        let before = values.clone();
        scale(&mut values, 0.25);
        assert!(values.iter().zip(&before).all(|(&v, &b)| v == 0.25 * b));
    }
}
