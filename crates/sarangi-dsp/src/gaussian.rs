//! Noise of a normal distribution.

use pulp::Simd;

use crate::simd::{Kernel, run};

/// Numbers that are drawn at once: of half of them come the sizes, of the others the angles.
const BLOCK: usize = 512;

/// Fills `out` with independent numbers of mean 0 and standard deviation 1, made of the random bits that
/// `draw` gives: √(−2 ln u) · (cos, sin)(2πv) for uniform u and v of 24 bits (Box and Muller, 1958).
///
/// Single precision: the largest number is 5.8, and moments are off by about 1e-6.
pub fn fill_gaussian(out: &mut [f32], mut draw: impl FnMut() -> u64) {
    let mut bits = [[0; BLOCK / 2]; 2];
    let mut made = [[0.0; BLOCK / 2]; 2];
    for out in out.chunks_mut(BLOCK) {
        let [of_size, of_angle] = &mut bits;
        for (size, angle) in of_size.iter_mut().zip(of_angle) {
            let drawn = draw();
            (*size, *angle) = ((drawn >> 40) as u32, (drawn >> 8) as u32 & 0xff_ffff);
        }
        run(BoxMuller {
            bits: &bits,
            made: &mut made,
        });
        out.copy_from_slice(&made.as_flattened()[..out.len()]);
    }
}

struct BoxMuller<'a> {
    bits: &'a [[u32; BLOCK / 2]; 2],
    made: &'a mut [[f32; BLOCK / 2]; 2],
}

impl Kernel for BoxMuller<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        const UNIT: f32 = 1.0 / (1 << 24) as f32;
        let [cosines, sines] = self.made;
        let drawn = self.bits[0].iter().zip(&self.bits[1]);
        for ((&size, &angle), (cosine, sine)) in drawn.zip(cosines.iter_mut().zip(sines)) {
            // Above 0, so that there is a logarithm.
            let size = (-2.0 * ln((size + 1) as f32 * UNIT)).max(0.0).sqrt();
            // −1/2 to 1/2 turn.
            let turns = angle as f32 * UNIT - 0.5;
            let quarter = 0.25 - turns.abs();
            *cosine = size * sine_of(quarter);
            let folded = 0.25 - quarter.abs();
            *sine = size * sine_of(folded).copysign(turns);
        }
    }
}

/// The natural logarithm of a number from 2⁻²⁴ to 1, to 2e-7 and 1.2e-7 of its size.
#[inline(always)]
fn ln(x: f32) -> f32 {
    // x = 2ᵉ · m with m from √½ to √2, and ln m = 2 artanh((m − 1) / (m + 1)).
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits().wrapping_sub(ROOT_HALF);
    let exponent = (bits as i32) >> 23;
    let m = f32::from_bits((bits & 0x7f_ffff) + ROOT_HALF);
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = 2.0 / 3.0 + square * (2.0 / 5.0 + square * (2.0 / 7.0 + square * (2.0 / 9.0)));
    exponent as f32 * std::f32::consts::LN_2 + (2.0 * t + t * square * series)
}

/// sin(2π · turns) for −1/4 to 1/4 turn, to 1e-7: its Taylor series.
#[inline(always)]
fn sine_of(turns: f32) -> f32 {
    let x = turns * std::f32::consts::TAU;
    let square = x * x;
    let tail = -1.0 / 5040.0 + square * (1.0 / 362_880.0 - square / 39_916_800.0);
    x + x * square * (-1.0 / 6.0 + square * (1.0 / 120.0 + square * tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn the_parts_are_those_of_the_standard_library() {
        for k in 1..=10_000u32 {
            let x = k as f32 / 10_000.0;
            let want = f64::from(x).ln();
            let bound = 2e-7 + 1.2e-7 * want.abs();
            assert!((f64::from(ln(x)) - want).abs() < bound, "{x}");
            let turns = (x - 0.5) / 2.0;
            let want = (std::f64::consts::TAU * f64::from(turns)).sin();
            assert!((f64::from(sine_of(turns)) - want).abs() < 3e-7, "{turns}");
        }
        let least = 1.0 / (1 << 24) as f32;
        assert!((ln(least) - least.ln()).abs() < 2e-6 && ln(1.0) == 0.0);
    }

    #[test]
    fn the_distribution_is_normal() {
        let mut rng = Seed(1).named("noise");
        let mut x = vec![0.0; 1_000_001];
        fill_gaussian(&mut x, || rng.next_u64());
        let count = x.len() as f64;
        let moment = |k: i32| x.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / count;
        for (k, want) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)] {
            // Four deviations of the estimate.
            let bound = 4.0 * ((moment(2 * k) - moment(k).powi(2)) / count).sqrt();
            assert!((moment(k) - want).abs() < bound, "{k} {}", moment(k));
        }
        let beyond = |bound: f32| x.iter().filter(|x| x.abs() > bound).count() as f64 / count;
        for (bound, want) in [(1.0, 0.317_311), (2.0, 0.045_500), (3.0, 0.002_700)] {
            assert!((beyond(bound) - want).abs() < 4.0 * (want / count).sqrt());
        }
        // Neither neighbours nor the two of a pair say anything about one another.
        for lag in [1, BLOCK / 2, BLOCK] {
            let pairs = x.iter().zip(&x[lag..]);
            let product: f64 = pairs.map(|(&a, &b)| f64::from(a * b)).sum();
            assert!(product.abs() < 4.0 * count.sqrt(), "{lag} {product}");
        }
    }
}
