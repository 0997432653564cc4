//! The discrete cosine transform as a matrix.

use std::f64::consts::PI;

use ndarray::Array2;

/// The first `rows` rows of the orthonormal DCT-II of `len` values, as a (rows, len) matrix.
///
/// X\[k\] = s(k) Σₙ x\[n\] cos(πk(2n + 1) / 2N) with s(0) = √(1/N) and s(k) = √(2/N) otherwise, as
/// `scipy.fft.dct(x, type=2, norm="ortho")`. Rows beyond `len` are left out. A matrix, because the
/// few rows that MFCC keeps cost less as a product with all frames than a fast transform of each.
pub fn dct_matrix(rows: usize, len: usize) -> Array2<f32> {
    let n = len as f64;
    Array2::from_shape_fn((rows.min(len), len), |(k, i)| {
        let scale = if k == 0 { 1.0 / n } else { 2.0 / n }.sqrt();
        (scale * (PI * k as f64 * (2 * i + 1) as f64 / (2.0 * n)).cos()) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_matrix_is_orthonormal() {
        for len in [1, 2, 7, 40] {
            let matrix = dct_matrix(len, len);
            let product = matrix.dot(&matrix.t());
            for ((i, j), &x) in product.indexed_iter() {
                let want = f32::from(u8::from(i == j));
                assert!((x - want).abs() < 1e-5, "{len} {i} {j}: {x}");
            }
        }
    }

    #[test]
    fn values_are_scipys() {
        // scipy.fft.dct([1, 2, 4], norm="ortho") = [4.0414519, -2.1213203, 0.4082483]
        let got = dct_matrix(9, 3).dot(&ndarray::array![1.0, 2.0, 4.0]);
        for (a, b) in got.iter().zip([4.041_452, -2.121_320_4, 0.408_248_3]) {
            assert!((a - b).abs() < 1e-6, "{got}");
        }
        assert_eq!(got.len(), 3);
    }
}
