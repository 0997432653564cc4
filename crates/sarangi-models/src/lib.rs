#![doc = include_str!("../README.md")]

mod base;
mod basic_cnn;
mod cnn14;
mod conv_norm;
mod densenet;
mod extent;
mod five_channel_cnn;
mod head;
mod join;
mod late_fusion;
mod legacy_xception;
mod linear;
mod mobilenet_v1;
mod mobilenet_v2;
mod named;
mod network;
mod onnx;
mod plain_cnn;
mod resnet;
mod short_chunk_cnn;
mod small_cnn;
mod softmax_regression;
mod spec;
mod stage;
mod stem;
mod weights;

pub use basic_cnn::BasicCnnSpec;
pub use cnn14::Cnn14Spec;
pub use densenet::DenseNet201Spec;
pub use five_channel_cnn::FiveChannelCnnSpec;
pub use head::Head;
pub use join::Fusion;
pub use late_fusion::{LateFusionSpec, Wiring};
pub use legacy_xception::LegacyXceptionSpec;
pub use mobilenet_v1::MobileNetV1Spec;
pub use mobilenet_v2::MobileNetV2Spec;
pub use network::Network;
pub use onnx::{OnnxOptions, export_onnx, save_onnx};
pub use resnet::{ResNetSpec, Stem};
pub use short_chunk_cnn::ShortChunkCnnSpec;
pub use small_cnn::SmallCnnSpec;
pub use softmax_regression::SoftmaxRegressionSpec;
pub use spec::{ModelContext, ModelSpec};
pub use stage::{Pool, Stage};
pub use stem::adapt_input_conv;
pub use weights::{
    MappedWeight, MisShapedWeight, NamedShape, Shaped, WeightFormat, WeightOptions, WeightReport,
    apply_weights, class_count, load_weights, load_weights_with, match_weights, place_weights,
    read_shapes, read_weights, read_weights_from, save_weights,
};
