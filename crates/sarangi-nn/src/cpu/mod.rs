//! Kernels on slices: no tensors, no gradients' bookkeeping, the same bits on any number of threads.

pub(crate) mod batch_norm;
pub(crate) mod conv;
pub(crate) mod gemm;
pub(crate) mod linear;
pub(crate) mod pool;
