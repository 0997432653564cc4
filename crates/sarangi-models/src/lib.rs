#![doc = include_str!("../README.md")]

mod five_channel_cnn;
mod spec;
mod weights;

pub use five_channel_cnn::{FiveChannelCnn, FiveChannelCnnSpec};
pub use spec::{ModelContext, ModelSpec};
pub use weights::{load_weights, read_weights};
