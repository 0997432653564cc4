//! Sixteen complex numbers side by side, their parts apart.

use num_complex::Complex32;

use crate::lanes::{LANES, Lanes};

/// The real and the imaginary parts of sixteen numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apart {
    pub(crate) re: Lanes,
    pub(crate) im: Lanes,
}

impl Apart {
    pub(crate) const ZERO: Self = Self {
        re: [0.0; LANES],
        im: [0.0; LANES],
    };

    #[inline(always)]
    pub(crate) fn of(numbers: &[Complex32; LANES]) -> Self {
        let mut parts = Self::ZERO;
        for (i, x) in numbers.iter().enumerate() {
            parts.re[i] = x.re;
            parts.im[i] = x.im;
        }
        parts
    }

    /// From the last to the first.
    #[inline(always)]
    pub(crate) fn of_reversed(numbers: &[Complex32; LANES]) -> Self {
        let mut parts = Self::ZERO;
        for (i, x) in numbers.iter().rev().enumerate() {
            parts.re[i] = x.re;
            parts.im[i] = x.im;
        }
        parts
    }

    #[inline(always)]
    pub(crate) fn write(&self, numbers: &mut [Complex32; LANES]) {
        for (i, x) in numbers.iter_mut().enumerate() {
            *x = Complex32::new(self.re[i], self.im[i]);
        }
    }

    /// From the last to the first.
    #[inline(always)]
    pub(crate) fn write_reversed(&self, numbers: &mut [Complex32; LANES]) {
        for (i, x) in numbers.iter_mut().rev().enumerate() {
            *x = Complex32::new(self.re[i], self.im[i]);
        }
    }
}
