//! Rounded peaks.

use pulp::Simd;

use crate::simd::{Kernel, run};

/// tanh(gain · x) in place of each x, to 3e-7.
pub fn soft_clip(samples: &mut [f32], gain: f32) {
    run(SoftClip { samples, gain });
}

struct SoftClip<'a> {
    samples: &'a mut [f32],
    gain: f32,
}

impl Kernel for SoftClip<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for x in self.samples {
            *x = tanh(self.gain * *x);
        }
    }
}

/// Beyond this the result is ±1 in single precision.
const FAR: f32 = 9.2;

/// (e²ˣ − 1) / (e²ˣ + 1), with e²ˣ − 1 as 2ᵏ · (1 + p) − 1 for the power of two that is nearest.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let size = x.abs().min(FAR);
    let y = 2.0 * size;
    // Beside this a number has no room for a fraction, so that adding it rounds.
    let large = 1.5 * (1 << 23) as f32;
    let whole = (y * std::f32::consts::LOG2_E + large) - large;
    // ln 2 in two parts, the first of which times a whole number is exact.
    let rest = (y - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    // e^rest − 1 for half of ln 2 on both sides, by Taylor's series.
    let tail = 1.0 / 24.0 + rest * (1.0 / 120.0 + rest * (1.0 / 720.0 + rest / 5040.0));
    let p = rest + rest * rest * (0.5 + rest * (1.0 / 6.0 + rest * tail));
    let power = f32::from_bits(((whole as i32 + 127) as u32) << 23);
    let less_one = power * p + (power - 1.0);
    (less_one / (less_one + 2.0)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hyperbolic_tangent() {
        let mut samples: Vec<f32> = (-20_000..=20_000).map(|k| k as f32 / 2_000.0).collect();
        samples.extend([0.0, -0.0, 1e-20, -1e-8, 1e30, -1e30, f32::MAX]);
        let given = samples.clone();
        soft_clip(&mut samples, 1.5);
        for (&y, &x) in samples.iter().zip(&given) {
            let want = (1.5 * f64::from(x)).tanh();
            let error = (f64::from(y) - want).abs();
            assert!(error < 3e-7 && error <= 1e-6 * want.abs(), "{x} {y} {want}");
            assert_eq!(y.is_sign_negative(), x.is_sign_negative());
        }
    }
}
