//! What most programs need: `use sarangi::prelude::*;`.

pub use sarangi_audio::{DecodeOptions, load};
pub use sarangi_core::{Backend, Feature, FeatureMap, SampleRate, Seed, Spec, Transform, Waveform};
pub use sarangi_features::FeatureSpec;
pub use sarangi_train::{Classifier, Recipe};
