//! The filters of Daubechies' wavelets and their more symmetric kin.

use std::f64::consts::{SQRT_2, TAU};

use rustfft::num_complex::Complex64;

/// The largest number of vanishing moments.
pub(crate) const LARGEST: usize = 20;

/// Which groups of zeros of a symlet lie outside the unit circle, for 2 to 20 vanishing moments: bit
/// i for the i-th group, sorted by the real part of y. Of all choices those of the published tables
/// (found by comparing all with PyWavelets 1.9); any choice gives a wavelet, these the most
/// symmetric ones.
const OUTSIDE: [u16; LARGEST - 1] = [
    0, 0, 2, 1, 5, 1, 10, 6, 21, 6, 21, 28, 44, 28, 89, 142, 333, 116, 357,
];

/// The low-pass synthesis filter of the wavelet with `moments` vanishing moments, 2 · `moments`
/// values whose sum is √2 (Daubechies 1992, "Ten lectures on wavelets", chapter 6).
///
/// |H|² = 2 cos²ᴺ(ω/2) P(sin²(ω/2)) with P(y) = Σ_{k < N} C(N − 1 + k, k) yᵏ. Each zero y of P stands
/// for two zeros of H, z and 1/z with z + 1/z = 2 − 4y, one of which is taken: the one within the
/// unit circle for Daubechies' wavelets, with `symmetric` as [`OUTSIDE`] says.
pub(crate) fn scaling_filter(moments: usize, symmetric: bool) -> Vec<f64> {
    let outside = match symmetric {
        true => moments
            .checked_sub(2)
            .and_then(|at| OUTSIDE.get(at))
            .copied(),
        false => None,
    };
    let mut zeros: Vec<Complex64> = Vec::new();
    let upper = roots(&polynomial(moments)).into_iter();
    for (group, y) in upper.enumerate() {
        let centre = 1.0 - 2.0 * y;
        let root = (centre * centre - 1.0).sqrt();
        // The larger is free of cancellation, and the smaller its inverse.
        let larger = match (centre + root).norm() > (centre - root).norm() {
            true => centre + root,
            false => centre - root,
        };
        let zero = match outside.unwrap_or(0) >> group & 1 {
            0 => larger.inv(),
            _ => larger,
        };
        if is_real(y) {
            zeros.push(Complex64::new(zero.re, 0.0));
        } else {
            zeros.extend([zero, zero.conj()]);
        }
    }
    zeros.extend(vec![Complex64::new(-1.0, 0.0); moments]);
    // Each value of H on the unit circle is a product, and the filter their inverse Fourier transform.
    // Multiplying the polynomial out would lose some digits to terms that cancel.
    let taps = 2 * moments;
    let turn = |k: usize| Complex64::from_polar(1.0, TAU * (k % taps) as f64 / taps as f64);
    let response = |k: usize| -> Complex64 {
        let delay = turn(k).conj();
        let factors = zeros.iter().map(|zero| (1.0 - zero * delay) / (1.0 - zero));
        // Half the rate, where the last zeros lie exactly.
        if 2 * k == taps {
            Complex64::default()
        } else {
            factors.product()
        }
    };
    let responses: Vec<Complex64> = (0..taps).map(response).collect();
    let value = |n: usize| -> f64 {
        let terms = responses
            .iter()
            .enumerate()
            .map(|(k, x)| (x * turn(k * n)).re);
        terms.sum::<f64>() * SQRT_2 / taps as f64
    };
    (0..taps).map(value).collect()
}

/// The coefficients of P, that of yᵏ at k; whole numbers below 2⁵³.
fn polynomial(moments: usize) -> Vec<f64> {
    let mut coefficients = vec![1.0];
    for k in 1..moments {
        let before = coefficients[k - 1];
        coefficients.push(before * (moments - 1 + k) as f64 / k as f64);
    }
    coefficients
}

/// Whether a zero of P, whose pairs are far from the axis, is real.
fn is_real(y: Complex64) -> bool {
    y.im.abs() < 1e-6
}

/// The zeros of a polynomial with real coefficients and simple zeros, those below the real axis left
/// out, sorted by their real part.
fn roots(coefficients: &[f64]) -> Vec<Complex64> {
    let degree = coefficients.len() - 1;
    // Aberth's method: Newton's steps for all zeros at once, which push each other away.
    let turn = |k: usize| Complex64::from_polar(0.6, 0.4 + TAU * k as f64 / degree as f64);
    let mut zeros: Vec<Complex64> = (0..degree).map(turn).collect();
    for _ in 0..200 {
        let mut largest = 0.0f64;
        for at in 0..degree {
            let here = zeros[at];
            let newton = step(coefficients, here);
            let pushes = zeros.iter().enumerate().filter(|other| other.0 != at);
            let push: Complex64 = pushes.map(|(_, other)| (here - other).inv()).sum();
            let moved = newton / (1.0 - newton * push);
            zeros[at] -= moved;
            largest = largest.max(moved.norm());
        }
        if largest < 1e-15 {
            break;
        }
    }
    zeros.retain(|zero| is_real(*zero) || zero.im > 0.0);
    zeros.sort_by(|a, b| a.re.total_cmp(&b.re));
    zeros
}

/// Newton's step p(z) / p'(z). The value is summed with its rounding errors carried along, for near a
/// zero its terms cancel.
fn step(coefficients: &[f64], z: Complex64) -> Complex64 {
    let (mut value, mut error) = (Complex64::default(), Complex64::default());
    let mut slope = Complex64::default();
    for &coefficient in coefficients.iter().rev() {
        slope = slope * z + value;
        let (product, lost) = exact_product(value, z);
        let sum = product.re + coefficient;
        let part = sum - product.re;
        let lost_sum = (product.re - (sum - part)) + (coefficient - part);
        value = Complex64::new(sum, product.im);
        error = error * z + lost + lost_sum;
    }
    (value + error) / slope
}

/// A product and what its rounding lost.
fn exact_product(a: Complex64, b: Complex64) -> (Complex64, Complex64) {
    let product = |x: f64, y: f64| {
        let xy = x * y;
        (xy, x.mul_add(y, -xy))
    };
    let sum = |x: f64, y: f64| {
        let sum = x + y;
        let part = sum - x;
        (sum, (x - (sum - part)) + (y - part))
    };
    let (p, q) = (product(a.re, b.re), product(-a.im, b.im));
    let (r, s) = (product(a.re, b.im), product(a.im, b.re));
    let (re, im) = (sum(p.0, q.0), sum(r.0, s.0));
    let lost = Complex64::new(re.1 + p.1 + q.1, im.1 + r.1 + s.1);
    (Complex64::new(re.0, im.0), lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_orthonormal_and_vanish_at_half_the_rate() {
        for moments in 1..=LARGEST {
            for symmetric in [false, true] {
                let h = scaling_filter(moments, symmetric);
                assert_eq!(h.len(), 2 * moments);
                for shift in 0..moments {
                    let sum: f64 = h.iter().zip(&h[2 * shift..]).map(|(a, b)| a * b).sum();
                    let want = f64::from(u8::from(shift == 0));
                    assert!((sum - want).abs() < 1e-13, "{moments} {shift}: {sum}");
                }
                let alternating: f64 = h
                    .iter()
                    .zip([1.0, -1.0].iter().cycle())
                    .map(|(a, b)| a * b)
                    .sum();
                assert!(alternating.abs() < 1e-13, "{moments}: {alternating}");
            }
        }
    }
}
