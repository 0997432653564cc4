//! Slices taken vector by vector.

use super::simd::Lanes;

/// A vector of at most as many values as it has; what is missing is 0.
#[inline(always)]
pub(crate) fn load<S: Lanes>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values) {
        ([vector], []) => *vector,
        _ => simd.partial_load_f32s(values),
    }
}

/// Writes as many of a vector's values as there is room for, at most all.
#[inline(always)]
pub(crate) fn store<S: Lanes>(simd: S, values: &mut [f32], vector: S::f32s) {
    match S::as_mut_simd_f32s(values) {
        ([whole], []) => *whole = vector,
        _ => simd.partial_store_f32s(values, vector),
    }
}

/// `y[i] = f(y[i], x[i])`. What is left after the last whole vector is a vector of its own, so
/// that every value meets the same instructions.
///
/// Mark a longer `f` `#[inline(always)]`: it has two callers here.
#[inline(always)]
pub(crate) fn update<S: Lanes>(
    simd: S,
    y: &mut [f32],
    x: &[f32],
    f: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let (ys, y_rest) = S::as_mut_simd_f32s(y);
    let (xs, x_rest) = S::as_simd_f32s(x);
    for (y, &x) in ys.iter_mut().zip(xs) {
        *y = f(*y, x);
    }
    if !y_rest.is_empty() {
        let (old, x) = (
            simd.partial_load_f32s(y_rest),
            simd.partial_load_f32s(x_rest),
        );
        simd.partial_store_f32s(y_rest, f(old, x));
    }
}

/// `y[i] = f(a[i], b[i])`, as [`update`].
#[inline(always)]
pub(crate) fn combine<S: Lanes>(
    simd: S,
    y: &mut [f32],
    [a, b]: [&[f32]; 2],
    f: impl Fn(S::f32s, S::f32s) -> S::f32s,
) {
    let (ys, y_rest) = S::as_mut_simd_f32s(y);
    let (a_vectors, a_rest) = S::as_simd_f32s(a);
    let (b_vectors, b_rest) = S::as_simd_f32s(b);
    for ((y, &a), &b) in ys.iter_mut().zip(a_vectors).zip(b_vectors) {
        *y = f(a, b);
    }
    if !y_rest.is_empty() {
        let (a, b) = (
            simd.partial_load_f32s(a_rest),
            simd.partial_load_f32s(b_rest),
        );
        simd.partial_store_f32s(y_rest, f(a, b));
    }
}
