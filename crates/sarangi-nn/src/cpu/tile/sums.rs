//! A tile's sums, from memory and back.

use super::super::simd::Lanes;

/// Reads rows of V vectors of which only the first `columns` values are there; the others are 0.
///
/// # Safety
/// `columns` values can be read at `p` and every `step` values from there, once for each row.
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the caller checks a whole tile's bounds at once"
)]
pub(super) unsafe fn load<S: Lanes, const N: usize, const V: usize>(
    simd: S,
    p: *const f32,
    step: usize,
    columns: usize,
    rows: &mut [[S::f32s; V]; N],
) {
    let lanes = S::F32_LANES;
    // The two cases have loops of their own: a loop with both in it is not unrolled, and the rows
    // would live in memory.
    // SAFETY: by the contract; whole vectors are read only where that many values are.
    unsafe {
        if columns == V * lanes {
            for (i, row) in rows.iter_mut().enumerate() {
                for (v, vector) in row.iter_mut().enumerate() {
                    *vector = p
                        .add(i * step + v * lanes)
                        .cast::<S::f32s>()
                        .read_unaligned();
                }
            }
            return;
        }
        for (i, row) in rows.iter_mut().enumerate() {
            for (v, vector) in row.iter_mut().enumerate() {
                let from = (v * lanes).min(columns);
                let len = (columns - from).min(lanes);
                let values = std::slice::from_raw_parts(p.add(i * step + from), len);
                *vector = simd.partial_load_f32s(values);
            }
        }
    }
}

/// Writes the first `columns` values of rows of V vectors.
///
/// # Safety
/// `columns` values can be written at `p` and every `step` values from there, once for each row.
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "the caller checks a whole tile's bounds at once"
)]
pub(super) unsafe fn store<S: Lanes, const N: usize, const V: usize>(
    simd: S,
    p: *mut f32,
    step: usize,
    columns: usize,
    rows: &[[S::f32s; V]; N],
) {
    let lanes = S::F32_LANES;
    // SAFETY: by the contract; whole vectors are written only where that many values are.
    unsafe {
        if columns == V * lanes {
            for (i, row) in rows.iter().enumerate() {
                for (v, &vector) in row.iter().enumerate() {
                    p.add(i * step + v * lanes)
                        .cast::<S::f32s>()
                        .write_unaligned(vector);
                }
            }
            return;
        }
        for (i, row) in rows.iter().enumerate() {
            for (v, &vector) in row.iter().enumerate() {
                let from = (v * lanes).min(columns);
                let len = (columns - from).min(lanes);
                let values = std::slice::from_raw_parts_mut(p.add(i * step + from), len);
                simd.partial_store_f32s(values, vector);
            }
        }
    }
}
