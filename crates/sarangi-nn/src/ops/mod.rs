//! Differentiable operations on tensors: on the CPU by our kernels, elsewhere by a composition of
//! the tensor library's operations whose gradients are right.

mod adam;
mod batch_norm;
mod conv2d;
mod dropout;
mod geometry;
mod linear;
mod loss;
mod pool;
mod relu;
mod slices;

pub use adam::{AdamStep, adam_step};
pub use batch_norm::{batch_norm_eval, batch_norm_train};
pub use conv2d::conv2d;
pub use dropout::dropout;
pub use geometry::Geometry2d;
pub use linear::linear;
pub use loss::{cross_entropy, log_softmax, softmax};
pub use pool::{global_avg_pool2d, max_pool2d};
pub use relu::relu;
