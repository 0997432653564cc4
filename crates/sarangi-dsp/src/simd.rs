//! Loops compiled for the instructions of the machine they run on.

use pulp::{Arch, Simd, WithSimd};

/// A loop that is compiled once for each instruction set.
///
/// Mark `run` and everything hot that it calls `#[inline(always)]`: only what is inlined into it is
/// compiled with the wider instructions. Dispatched loops over slices count too, since the compiler
/// turns them into vector instructions. No kernel fuses a product with a sum or lets the width of
/// its vectors change the order of a sum, so every machine computes the same bits.
pub(crate) trait Kernel {
    fn run<S: Simd>(self, simd: S);
}

/// Runs a kernel with the widest instructions of this machine.
pub(crate) fn run<K: Kernel>(kernel: K) {
    Arch::new().dispatch(Dispatched(kernel));
}

struct Dispatched<K>(K);

impl<K: Kernel> WithSimd for Dispatched<K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.run(simd);
    }
}

/// The vector that begins at `at`; a plain load, unlike pulp's of a part of a vector.
#[inline(always)]
pub(crate) fn load<S: Simd>(values: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&values[at..at + S::F32_LANES]).0[0]
}

/// Writes a vector to where `at` is; a plain store, unlike pulp's of a part of a vector.
#[inline(always)]
pub(crate) fn store<S: Simd>(values: &mut [f32], at: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[at..at + S::F32_LANES]).0[0] = vector;
}
