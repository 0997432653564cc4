//! Kernels on slices: no tensors, no gradients' bookkeeping, the same bits on any number of threads.

#![allow(dead_code, reason = "the engine is being built: its operations come next")]

pub(crate) mod batch_norm;
pub(crate) mod buffer;
pub(crate) mod conv;
pub(crate) mod gemm;
pub(crate) mod linear;
pub(crate) mod map;
pub(crate) mod mask;
pub(crate) mod pictures;
pub(crate) mod pool;
pub(crate) mod simd;
pub(crate) mod source;
pub(crate) mod tile;
