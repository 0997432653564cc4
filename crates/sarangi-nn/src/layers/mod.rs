//! Layers: operations with their parameters.

mod batch_norm;
mod conv2d;
mod dropout;
mod linear;
mod max_pool2d;

pub use batch_norm::{BatchNorm, BatchNormSpec};
pub use conv2d::{Conv2d, Conv2dSpec};
pub use dropout::Dropout;
pub use linear::Linear;
pub use max_pool2d::MaxPool2d;
