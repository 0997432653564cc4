//! Vectors of complex numbers, their angles and back.

use pulp::Simd;

/// As many complex numbers as a vector has lanes, their parts apart.
pub(crate) struct Complexes<S: Simd> {
    pub(crate) re: S::f32s,
    pub(crate) im: S::f32s,
}

impl<S: Simd> Clone for Complexes<S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Simd> Copy for Complexes<S> {}

impl<S: Simd> Complexes<S> {
    #[inline(always)]
    pub(crate) fn splat(simd: S, re: f32, im: f32) -> Self {
        Self {
            re: simd.splat_f32s(re),
            im: simd.splat_f32s(im),
        }
    }

    #[inline(always)]
    pub(crate) fn plus(self, simd: S, other: Self) -> Self {
        Self {
            re: simd.add_f32s(self.re, other.re),
            im: simd.add_f32s(self.im, other.im),
        }
    }

    #[inline(always)]
    pub(crate) fn times(self, simd: S, other: Self) -> Self {
        let (a, b) = (self, other);
        Self {
            re: simd.sub_f32s(simd.mul_f32s(a.re, b.re), simd.mul_f32s(a.im, b.im)),
            im: simd.add_f32s(simd.mul_f32s(a.re, b.im), simd.mul_f32s(a.im, b.re)),
        }
    }

    /// This times the conjugate of the other: its angle is the difference of theirs.
    #[inline(always)]
    pub(crate) fn against(self, simd: S, other: Self) -> Self {
        let (a, b) = (self, other);
        Self {
            re: simd.add_f32s(simd.mul_f32s(a.re, b.re), simd.mul_f32s(a.im, b.im)),
            im: simd.sub_f32s(simd.mul_f32s(a.im, b.re), simd.mul_f32s(a.re, b.im)),
        }
    }

    #[inline(always)]
    pub(crate) fn scaled(self, simd: S, factor: S::f32s) -> Self {
        Self {
            re: simd.mul_f32s(self.re, factor),
            im: simd.mul_f32s(self.im, factor),
        }
    }

    /// |z|².
    #[inline(always)]
    pub(crate) fn power(self, simd: S) -> S::f32s {
        simd.add_f32s(
            simd.mul_f32s(self.re, self.re),
            simd.mul_f32s(self.im, self.im),
        )
    }

    /// z / |z|, and 1 where z is too near 0 to have a reciprocal.
    #[inline(always)]
    pub(crate) fn unit(self, simd: S) -> Self {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        // Divided by the larger part first: squares of large and small numbers leave the range.
        let larger = simd.max_f32s(simd.abs_f32s(self.re), simd.abs_f32s(self.im));
        let some = simd.less_than_f32s(simd.splat_f32s(f32::MIN_POSITIVE), larger);
        let z = Self {
            re: simd.select_f32s(some, self.re, one),
            im: simd.select_f32s(some, self.im, zero),
        };
        let z = z.scaled(
            simd,
            simd.div_f32s(one, simd.select_f32s(some, larger, one)),
        );
        z.scaled(simd, simd.div_f32s(one, simd.sqrt_f32s(z.power(simd))))
    }

    /// The angle in turns, −1/2 to 1/2, to 1e-7; 0 where z is 0.
    #[inline(always)]
    pub(crate) fn turns(self, simd: S) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        let (x, y) = (simd.abs_f32s(self.re), simd.abs_f32s(self.im));
        let (small, large) = (simd.min_f32s(x, y), simd.max_f32s(x, y));
        let some = simd.less_than_f32s(zero, large);
        let tangent = simd.div_f32s(small, simd.select_f32s(some, large, simd.splat_f32s(1.0)));
        let eighth = odd_polynomial(simd, tangent, &ARC_TANGENT);
        let steep = simd.less_than_f32s(x, y);
        let quarter = simd.select_f32s(steep, simd.sub_f32s(simd.splat_f32s(0.25), eighth), eighth);
        let behind = simd.less_than_f32s(self.re, zero);
        let half = simd.select_f32s(
            behind,
            simd.sub_f32s(simd.splat_f32s(0.5), quarter),
            quarter,
        );
        let below = simd.less_than_f32s(self.im, zero);
        simd.select_f32s(below, simd.sub_f32s(zero, half), half)
    }

    /// exp(2πi · `turns`) for −1/2 to 1/2 turn, to 1e-6.
    #[inline(always)]
    pub(crate) fn cis(simd: S, turns: S::f32s) -> Self {
        let quarter = simd.splat_f32s(0.25);
        // cos(2πt) = sin(2π(1/4 − |t|)), and the sine is even around a quarter of a turn.
        let from_quarter = simd.sub_f32s(quarter, simd.abs_f32s(turns));
        let folded = simd.sub_f32s(quarter, simd.abs_f32s(from_quarter));
        let sine = odd_polynomial(simd, folded, &SINE);
        let below = simd.less_than_f32s(turns, simd.splat_f32s(0.0));
        Self {
            re: odd_polynomial(simd, from_quarter, &SINE),
            im: simd.select_f32s(below, simd.sub_f32s(simd.splat_f32s(0.0), sine), sine),
        }
    }
}

/// What is left of turns when whole ones are taken away, −1/2 to 1/2; for less than 2²² turns.
#[inline(always)]
pub(crate) fn less_whole_turns<S: Simd>(simd: S, turns: S::f32s) -> S::f32s {
    // Beside this a number has no room for a fraction, so that adding it rounds.
    let large = simd.splat_f32s(1.5 * (1 << 23) as f32);
    let whole = simd.sub_f32s(simd.add_f32s(turns, large), large);
    simd.sub_f32s(turns, whole)
}

/// arctan(x) / 2π on \[0, 1\], to 4e-8: least squares, reweighted until all peaks are alike.
const ARC_TANGENT: [f32; 7] = [
    0.159_154_32,
    -0.053_026_24,
    0.031_525_12,
    -0.021_061_52,
    0.012_672_5,
    -0.005_348_28,
    0.001_084_13,
];

/// sin(2πx) on \[−1/4, 1/4\], to 4e-9, found in the same way.
const SINE: [f32; 5] = [
    std::f32::consts::TAU,
    -41.341_655,
    81.601_004,
    -76.549_78,
    39.536_71,
];

/// c₀x + c₁x³ + c₂x⁵ + …
#[inline(always)]
fn odd_polynomial<S: Simd, const N: usize>(
    simd: S,
    x: S::f32s,
    coefficients: &[f32; N],
) -> S::f32s {
    let square = simd.mul_f32s(x, x);
    let mut sum = simd.splat_f32s(0.0);
    for &c in coefficients.iter().rev() {
        sum = simd.add_f32s(simd.mul_f32s(sum, square), simd.splat_f32s(c));
    }
    simd.mul_f32s(sum, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{LANES, Lanes};
    use crate::simd::{Kernel, load, run};
    use std::f64::consts::TAU;

    /// Angles and unit numbers of sixteen numbers, and the numbers of the angles.
    struct Round<'a> {
        z: [Lanes; 2],
        turns: &'a mut Vec<f32>,
        unit: &'a mut [Vec<f32>; 2],
        back: &'a mut [Vec<f32>; 2],
    }

    impl Kernel for Round<'_> {
        fn run<S: Simd>(self, simd: S) {
            for lane in (0..LANES).step_by(S::F32_LANES) {
                let z = Complexes::<S> {
                    re: load::<S>(&self.z[0], lane),
                    im: load::<S>(&self.z[1], lane),
                };
                let write = |to: &mut Vec<f32>, values: S::f32s| {
                    let mut some = [0.0; LANES];
                    simd.partial_store_f32s(&mut some[..S::F32_LANES], values);
                    to.extend_from_slice(&some[..S::F32_LANES]);
                };
                let turns = z.turns(simd);
                let (unit, back) = (z.unit(simd), Complexes::cis(simd, turns));
                write(self.turns, turns);
                write(&mut self.unit[0], unit.re);
                write(&mut self.unit[1], unit.im);
                write(&mut self.back[0], back.re);
                write(&mut self.back[1], back.im);
            }
        }
    }

    #[test]
    fn angles_and_units_are_those_of_the_standard_library() {
        for size in [1e-15f64, 1.0, 1e15] {
            for first in 0..40 {
                let angle = |i: usize| TAU * ((16 * first + i) as f64 / 640.0 - 0.5);
                let z: [Lanes; 2] = [
                    std::array::from_fn(|i| (size * angle(i).cos()) as f32),
                    std::array::from_fn(|i| (size * angle(i).sin()) as f32),
                ];
                let (mut turns, mut unit, mut back) = Default::default();
                run(Round {
                    z,
                    turns: &mut turns,
                    unit: &mut unit,
                    back: &mut back,
                });
                for i in 0..LANES {
                    let want = f64::from(z[1][i]).atan2(f64::from(z[0][i]));
                    let off = (f64::from(turns[i]) - want / TAU).abs();
                    assert!(off < 2e-7, "{off}");
                    for (got, want) in [
                        (unit[0][i], want.cos()),
                        (unit[1][i], want.sin()),
                        (back[0][i], want.cos()),
                        (back[1][i], want.sin()),
                    ] {
                        assert!((f64::from(got) - want).abs() < 2e-6, "{got} {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_has_the_unit_one_and_no_angle() {
        let (mut turns, mut unit, mut back) = Default::default();
        run(Round {
            z: [[0.0; LANES]; 2],
            turns: &mut turns,
            unit: &mut unit,
            back: &mut back,
        });
        assert!(turns.iter().all(|&t| t == 0.0));
        assert!(unit[0].iter().all(|&x| x == 1.0) && unit[1].iter().all(|&x| x == 0.0));
    }
}
