//! Kernels on slices: no tensors, no gradients' bookkeeping, the same bits on any number of threads.

pub(crate) mod add;
pub(crate) mod average_pool;
pub(crate) mod buffer;
pub(crate) mod concat;
pub(crate) mod conv2d;
pub(crate) mod depthwise;
pub(crate) mod direct;
pub(crate) mod elementwise;
pub(crate) mod gemm;
pub(crate) mod linear;
pub(crate) mod map;
pub(crate) mod mask;
pub(crate) mod max_pool;
pub(crate) mod norm;
pub(crate) mod optimiser;
pub(crate) mod pictures;
pub(crate) mod resize;
pub(crate) mod rows;
pub(crate) mod simd;
pub(crate) mod source;
pub(crate) mod tasks;
pub(crate) mod tile;
pub(crate) mod transpose;
pub(crate) mod unpool;
pub(crate) mod windows;
pub(crate) mod winograd;
