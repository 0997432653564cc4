//! How weights begin.

use sarangi_core::Rng;

/// A rule for the first values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every value the same.
    Const(f32),
    /// Uniform in ±1/√fan-in: what torch gives the weights and biases of `Conv2d` and `Linear`
    /// (`kaiming_uniform_(a=√5)`, He et al. 2015, which comes to the same bound).
    FanInUniform {
        /// The number of inputs that one output sums over.
        fan_in: usize,
    },
    /// Normal with standard deviation √(2/fan-out): `kaiming_normal_(mode="fan_out")`, for
    /// convolutions before a ReLU.
    KaimingNormalFanOut {
        /// The number of outputs that one input reaches.
        fan_out: usize,
    },
}

impl Init {
    /// Draws `len` values.
    pub fn sample(self, len: usize, rng: &mut Rng) -> Vec<f32> {
        match self {
            Self::Const(value) => vec![value; len],
            Self::FanInUniform { fan_in } => {
                let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
                (0..len).map(|_| rng.range(-bound, bound) as f32).collect()
            }
            Self::KaimingNormalFanOut { fan_out } => {
                let deviation = (2.0 / fan_out.max(1) as f64).sqrt();
                (0..len)
                    .map(|_| (deviation * rng.normal()) as f32)
                    .collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn draws_have_the_spread_that_the_rule_names() {
        let variance = |values: &[f32]| {
            values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / values.len() as f64
        };
        let mut rng = Seed(1).named("w");
        let uniform = Init::FanInUniform { fan_in: 16 }.sample(20_000, &mut rng);
        assert!(uniform.iter().all(|x| x.abs() <= 0.25));
        assert!((variance(&uniform) - 0.25f64.powi(2) / 3.0).abs() < 1e-3);
        let normal = Init::KaimingNormalFanOut { fan_out: 8 }.sample(20_000, &mut rng);
        assert!((variance(&normal) - 0.25).abs() < 1e-2);
    }
}
