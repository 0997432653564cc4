//! Products of a fixed matrix with the frames of a feature.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use sarangi_core::{Error, Result};

/// Writes `left` · `right` into `out`.
///
/// # Shapes
/// `left` is (m, k); `right` row-major (k, `columns`); `out` row-major (m, `columns`).
pub(crate) fn product_into(
    left: &Array2<f32>,
    right: &[f32],
    columns: usize,
    out: &mut [f32],
) -> Result<()> {
    let (rows, inner) = left.dim();
    let shape = |got| Error::shape("matrix product", format_args!("{inner} rows"), got);
    let got = right.len() / columns.max(1);
    let right = ArrayView2::from_shape((inner, columns), right).map_err(|_| shape(got))?;
    let got = out.len() / columns.max(1);
    let mut out = ArrayViewMut2::from_shape((rows, columns), out).map_err(|_| shape(got))?;
    general_mat_mul(1.0, left, &right, 0.0, &mut out);
    Ok(())
}
