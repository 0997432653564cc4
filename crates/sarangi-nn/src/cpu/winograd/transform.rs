//! The transforms of F(2×2, 3×3) (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural
//! Networks"), each of vectors of neighbouring channels: first along the columns, then the rows.

use super::super::simd::Lanes;

macro_rules! both_ways {
    ($(#[$doc:meta])* $name:ident, $from:literal => $to:literal, $once:expr) => {
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name<S: Lanes>(simd: S, d: [[S::f32s; $from]; $from]) -> [[S::f32s; $to]; $to] {
            let zero = simd.splat_f32s(0.0);
            let mut half = [[zero; $from]; $to];
            for j in 0..$from {
                let mut column = [zero; $from];
                for i in 0..$from {
                    column[i] = d[i][j];
                }
                let column = $once(simd, column);
                for i in 0..$to {
                    half[i][j] = column[i];
                }
            }
            let mut out = [[zero; $to]; $to];
            for i in 0..$to {
                out[i] = $once(simd, half[i]);
            }
            out
        }
    };
}

both_ways!(
    /// Bᵀ d B: what 4 × 4 inputs contribute to each of the 16 products.
    input, 4 => 4, input_once
);
both_ways!(
    /// Aᵀ m A: 2 × 2 outputs from the 16 products.
    output, 4 => 2, output_once
);
both_ways!(
    /// G g Gᵀ: the filter's share of the 16 products.
    filter, 3 => 4, filter_once
);
both_ways!(
    /// A dy Aᵀ: the transpose of [`output`], for gradients.
    output_gradient, 2 => 4, output_gradient_once
);
both_ways!(
    /// Gᵀ u G: the transpose of [`filter`], for gradients.
    filter_gradient, 4 => 3, filter_gradient_once
);

#[inline(always)]
fn input_once<S: Lanes>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    [
        simd.sub_f32s(a, c),
        simd.add_f32s(b, c),
        simd.sub_f32s(c, b),
        simd.sub_f32s(b, d),
    ]
}

#[inline(always)]
fn output_once<S: Lanes>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
    [
        simd.add_f32s(a, simd.add_f32s(b, c)),
        simd.sub_f32s(simd.sub_f32s(b, c), d),
    ]
}

#[inline(always)]
fn filter_once<S: Lanes>(simd: S, [a, b, c]: [S::f32s; 3]) -> [S::f32s; 4] {
    let half = simd.splat_f32s(0.5);
    let (outer, inner) = (
        simd.mul_f32s(half, simd.add_f32s(a, c)),
        simd.mul_f32s(half, b),
    );
    [
        a,
        simd.add_f32s(outer, inner),
        simd.sub_f32s(outer, inner),
        c,
    ]
}

#[inline(always)]
fn output_gradient_once<S: Lanes>(simd: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
    let zero = simd.splat_f32s(0.0);
    [
        a,
        simd.add_f32s(a, b),
        simd.sub_f32s(a, b),
        simd.sub_f32s(zero, b),
    ]
}

#[inline(always)]
fn filter_gradient_once<S: Lanes>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
    let half = simd.splat_f32s(0.5);
    let sum = simd.mul_f32s(half, simd.add_f32s(b, c));
    let difference = simd.mul_f32s(half, simd.sub_f32s(b, c));
    [simd.add_f32s(a, sum), difference, simd.add_f32s(sum, d)]
}
