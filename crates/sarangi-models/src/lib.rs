#![doc = include_str!("../README.md")]

mod conv_norm;
mod five_channel_cnn;
mod input;
mod legacy_xception;
mod mobilenet_v2;
mod resnet;
mod spec;
mod stem;
mod weights;

pub use five_channel_cnn::{FiveChannelCnn, FiveChannelCnnSpec};
pub use legacy_xception::{LegacyXception, LegacyXceptionSpec};
pub use mobilenet_v2::{MobileNetV2, MobileNetV2Spec};
pub use resnet::{ResNet, ResNetSpec};
pub use spec::{ModelContext, ModelSpec};
pub use stem::adapt_input_conv;
pub use weights::{
    MappedWeight, MisShapedWeight, NamedShape, WeightOptions, WeightReport, apply_weights,
    class_count, load_weights, load_weights_with, match_weights, read_weights, read_weights_from,
    save_weights,
};
