//! How weights begin.

use sarangi_core::Rng;

/// A rule for the first values of a parameter; torch's names in `torch.nn.init`.
///
/// Fan-in is the number of inputs that one output sums over, fan-out the number of outputs that
/// one input reaches; both follow from a weight's shape (out, in, kernel …).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Every value the same: `constant_`.
    Const(f32),
    /// Uniform in ±bound: `uniform_`.
    Uniform {
        /// The largest value.
        bound: f64,
    },
    /// Normal around 0: `normal_`.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform in ±1/√fan-in: what torch gives the weights of `Conv2d` and `Linear`
    /// (`kaiming_uniform_(a=√5)`, He et al. 2015, which comes to the same bound).
    FanInUniform,
    /// Normal with standard deviation √(2/fan-in): `kaiming_normal_`, for layers before a ReLU.
    KaimingNormalFanIn,
    /// Normal with standard deviation √(2/fan-out): `kaiming_normal_(mode="fan_out")`.
    KaimingNormalFanOut,
    /// Uniform in ±√(6/fan-in): `kaiming_uniform_`.
    KaimingUniform,
    /// Normal with standard deviation √(2/(fan-in + fan-out)): `xavier_normal_` (Glorot and Bengio
    /// 2010).
    XavierNormal,
    /// Uniform in ±√(6/(fan-in + fan-out)): `xavier_uniform_`.
    XavierUniform,
}

impl Init {
    /// What torch gives a bias beside a weight of this shape: uniform in ±1/√fan-in.
    pub fn bias_of(weight: &[usize]) -> Self {
        let [fan_in, _] = fans(weight);
        Self::Uniform {
            bound: 1.0 / fan_in.sqrt(),
        }
    }

    /// Draws the values of a parameter of this shape.
    pub fn sample(self, shape: &[usize], rng: &mut Rng) -> Vec<f32> {
        let len = shape.iter().product();
        let [fan_in, fan_out] = fans(shape);
        let mut uniform = |bound: f64| (0..len).map(|_| rng.range(-bound, bound) as f32).collect();
        let std = match self {
            Self::Const(value) => return vec![value; len],
            Self::Uniform { bound } => return uniform(bound),
            Self::FanInUniform => return uniform(1.0 / fan_in.sqrt()),
            Self::KaimingUniform => return uniform((6.0 / fan_in).sqrt()),
            Self::XavierUniform => return uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Self::Normal { std } => std,
            Self::KaimingNormalFanIn => (2.0 / fan_in).sqrt(),
            Self::KaimingNormalFanOut => (2.0 / fan_out).sqrt(),
            Self::XavierNormal => (2.0 / (fan_in + fan_out)).sqrt(),
        };
        (0..len).map(|_| (std * rng.normal()) as f32).collect()
    }
}

/// Fan-in and fan-out of a weight, at least 1.
fn fans(shape: &[usize]) -> [f64; 2] {
    let (outputs, inputs, window) = match shape {
        [outputs, inputs, window @ ..] => (*outputs, *inputs, window),
        _ => (1, 1, &[][..]),
    };
    let window = window.iter().map(|&size| size as f64).product::<f64>();
    [inputs, outputs].map(|channels| (channels as f64 * window).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn draws_have_the_spread_that_the_rule_names() {
        let shape = [50, 20, 3, 5];
        let (fan_in, fan_out) = (300.0, 750.0);
        let cases = [
            (Init::Uniform { bound: 0.6 }, 0.12),
            (Init::Normal { std: 0.2 }, 0.04),
            (Init::FanInUniform, 1.0 / (3.0 * fan_in)),
            (Init::KaimingUniform, 2.0 / fan_in),
            (Init::KaimingNormalFanIn, 2.0 / fan_in),
            (Init::KaimingNormalFanOut, 2.0 / fan_out),
            (Init::XavierUniform, 2.0 / (fan_in + fan_out)),
            (Init::XavierNormal, 2.0 / (fan_in + fan_out)),
        ];
        for (init, expected) in cases {
            let values = init.sample(&shape, &mut Seed(1).named("w"));
            assert_eq!(values.len(), 15_000);
            let squares = values.iter().map(|&x| f64::from(x).powi(2));
            let variance = squares.sum::<f64>() / 15_000.0;
            assert!(
                (variance / expected - 1.0).abs() < 0.05,
                "{init:?}: {variance}"
            );
        }
        let bias = Init::bias_of(&shape).sample(&[50], &mut Seed(1).named("b"));
        assert!(
            bias.iter()
                .all(|b| f64::from(b.abs()) <= 1.0 / fan_in.sqrt())
        );
    }
}
