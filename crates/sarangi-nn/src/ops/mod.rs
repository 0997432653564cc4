//! Differentiable operations on values: on the CPU by our kernels, elsewhere by a composition of
//! the tensor library's operations whose gradients are right.

mod activation;
mod add;
mod batch_norm;
mod candle;
mod concat;
mod conv2d;
mod dropout;
mod flatten;
mod linear;
mod loss;
mod mul;
mod optimiser;
mod permute;
mod pool;
mod resize;
mod sigmoid;
mod softmax;

pub use activation::{relu, relu6};
pub use add::{add, add_relu};
pub use batch_norm::{batch_norm_eval, batch_norm_shared, batch_norm_train};
pub use candle::with_candle;
pub use concat::concat;
pub use conv2d::conv2d;
pub use dropout::{dropout, dropout_shared};
pub use flatten::flatten;
pub use linear::linear;
pub use loss::{
    CrossEntropy, Targets, binary_cross_entropy_with_logits, cross_entropy, focal_loss,
};
pub use mul::{mul, mul_scalar};
pub use optimiser::{AdamStep, SgdStep, adam_step, sgd_step};
pub use permute::{narrow, permute};
pub use pool::{
    adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, global_avg_pool2d, global_max_pool2d,
    max_pool2d,
};
pub use resize::resize_bilinear;
pub use sigmoid::sigmoid;
pub use softmax::{log_softmax, softmax};
