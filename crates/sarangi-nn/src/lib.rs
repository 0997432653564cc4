#![doc = include_str!("../README.md")]

mod composed;
mod cpu;
mod init;
mod layers;
mod mode;
mod model;
mod ops;
mod params;

pub use init::Init;
pub use layers::{BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, Dropout, Linear, MaxPool2d};
pub use mode::Mode;
pub use model::Model;
pub use ops::{
    AdamStep, Geometry2d, adam_step, batch_norm_eval, batch_norm_train, conv2d, cross_entropy,
    dropout, global_avg_pool2d, linear, log_softmax, max_pool2d, relu, softmax,
};
pub use params::{Parameter, Params};
