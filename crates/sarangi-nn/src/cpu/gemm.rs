//! Matrix products on slices.

use gemm::Parallelism;

/// A view of a matrix in a slice: element (i, j) lies at `i * rows + j * cols`.
#[derive(Clone, Copy)]
pub(crate) struct Strides {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

impl Strides {
    /// Rows one after the other, each of `width` elements.
    pub(crate) fn row_major(width: usize) -> Self {
        Self {
            rows: width,
            cols: 1,
        }
    }

    /// The transpose of a row-major matrix whose rows have `width` elements.
    pub(crate) fn transposed(width: usize) -> Self {
        Self {
            rows: 1,
            cols: width,
        }
    }

    fn fits(self, (m, n): (usize, usize), len: usize) -> bool {
        let last = |count: usize, step: usize| (count - 1).checked_mul(step);
        let place = || last(m, self.rows)?.checked_add(last(n, self.cols)?);
        m == 0 || n == 0 || place().is_some_and(|place| place < len)
    }
}

/// `c = a · b`, or `c += a · b` with `accumulate`; `a` is (m, k), `b` is (k, n), `c` is (m, n) in
/// row-major order. One thread: callers share the work out, so that the order of additions, and
/// with it every bit of the result, never depends on the number of threads.
pub(crate) fn matmul(
    (m, n, k): (usize, usize, usize),
    (a, sa): (&[f32], Strides),
    (b, sb): (&[f32], Strides),
    c: &mut [f32],
    accumulate: bool,
) {
    let sc = Strides::row_major(n);
    assert!(sa.fits((m, k), a.len()), "matmul: left factor is too short");
    assert!(
        sb.fits((k, n), b.len()),
        "matmul: right factor is too short"
    );
    assert!(sc.fits((m, n), c.len()), "matmul: result is too short");
    if k == 0 {
        if !accumulate && m > 0 && n > 0 {
            c[..m * n].fill(0.0);
        }
        return;
    }
    // SAFETY: the three assertions above keep every element that gemm reads or writes, at
    // `i * rows + j * cols` with i and j below the dimensions, inside its slice; `c` is borrowed
    // mutably, so it overlaps neither factor. Strides are far below isize::MAX since they index
    // slices that exist.
    #[allow(unsafe_code, reason = "gemm's interface takes raw pointers")]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            sc.cols as isize,
            sc.rows as isize,
            accumulate,
            a.as_ptr(),
            sa.cols as isize,
            sa.rows as isize,
            b.as_ptr(),
            sb.cols as isize,
            sb.rows as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_plain_and_transposed_factors() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // (2, 3)
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]; // (3, 2), or (2, 3) transposed
        let mut c = [0.0; 4];
        matmul(
            (2, 2, 3),
            (&a, Strides::row_major(3)),
            (&b, Strides::row_major(2)),
            &mut c,
            false,
        );
        assert_eq!(c, [5.0, 11.0, 14.0, 23.0]);
        matmul(
            (2, 2, 3),
            (&a, Strides::row_major(3)),
            (&b, Strides::transposed(3)),
            &mut c,
            true,
        );
        assert_eq!(c, [5.0 + 7.0, 11.0 + 10.0, 14.0 + 16.0, 23.0 + 22.0]);
    }

    #[test]
    #[should_panic(expected = "right factor is too short")]
    fn a_short_slice_is_caught_before_it_is_read() {
        let strides = Strides::row_major(2);
        matmul(
            (2, 2, 2),
            (&[0.0; 4], strides),
            (&[0.0; 3], strides),
            &mut [0.0; 4],
            false,
        );
    }
}
