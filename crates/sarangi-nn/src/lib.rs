#![doc = include_str!("../README.md")]

#[cfg(test)]
mod agreement;
mod backward;
mod chain;
mod composed;
mod cpu;
mod exchange;
mod geometry;
mod gpu;
mod graph;
mod init;
mod layers;
mod mode;
mod model;
mod ops;
mod params;
mod share;
mod tensors;
mod trace;
mod value;

pub use backward::Gradients;
pub use cpu::buffer::release_memory;
pub use exchange::Exchange;
pub use geometry::Geometry2d;
pub use gpu::allow_tf32;
pub use graph::{Graph, GraphConstant, GraphInput, GraphNode, Operand, Operation};
pub use init::Init;
pub use layers::{BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Dropout, Linear, MaxPool2d};
pub use mode::Mode;
pub use model::{Inputs, Model, Watch};
pub use ops::{
    AdamStep, CrossEntropy, SgdStep, Targets, adam_step, adaptive_avg_pool2d, adaptive_max_pool2d,
    add, add_relu, avg_pool2d, batch_norm_eval, batch_norm_shared, batch_norm_train,
    binary_cross_entropy_with_logits, concat, conv2d, cross_entropy, dropout, dropout_shared,
    flatten, focal_loss, global_avg_pool2d, global_max_pool2d, linear, log_softmax, max_pool2d,
    mul, mul_scalar, narrow, permute, relu, relu6, resize_bilinear, sgd_step, sigmoid, softmax,
    with_candle,
};
pub use params::{Freeze, Hold, NamePatterns, Parameter, ParameterShape, Params};
pub use share::Share;
pub use trace::trace;
pub use value::Value;
