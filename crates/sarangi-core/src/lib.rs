#![doc = include_str!("../README.md")]

mod augment;
mod catalogue;
mod check;
mod communicator;
mod dataset;
mod error;
mod feature;
mod files;
mod rng;
mod sample_rate;
mod shard;
mod spec;
mod stop;
mod transform;
mod waveform;

#[cfg(feature = "candle")]
mod backend;
#[cfg(feature = "candle")]
mod during;
#[cfg(feature = "candle")]
mod tensor;

pub use augment::Augment;
pub use catalogue::Entry;
pub use check::within;
#[cfg(feature = "candle")]
pub use communicator::PendingTensors;
pub use communicator::{Alone, Communicator, PendingSum};
pub use dataset::Dataset;
pub use error::{BoxError, Error, Result};
pub use feature::{Feature, FeatureMap};
pub use files::write_atomically;
pub use rng::{Rng, Seed};
pub use sample_rate::SampleRate;
pub use shard::Shard;
pub use spec::Spec;
pub use stop::Stop;
pub use transform::{Then, Transform};
pub use waveform::Waveform;

#[cfg(feature = "candle")]
pub use backend::Backend;
#[cfg(feature = "candle")]
pub use during::During;
#[cfg(feature = "candle")]
pub use tensor::{IntoTensor, TensorExt};
