#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use sarangi_audio as audio;
#[doc(inline)]
pub use sarangi_augment as augment;
#[doc(inline)]
pub use sarangi_cluster as cluster;
#[doc(inline)]
pub use sarangi_core as core;
#[doc(inline)]
pub use sarangi_data as data;
#[doc(inline)]
pub use sarangi_dsp as dsp;
#[doc(inline)]
pub use sarangi_eval as eval;
#[doc(inline)]
pub use sarangi_features as features;
#[doc(inline)]
pub use sarangi_models as models;
#[doc(inline)]
pub use sarangi_nn as nn;
#[doc(inline)]
pub use sarangi_plot as plot;
#[cfg(feature = "serve")]
#[doc(inline)]
pub use sarangi_serve as serve;
#[doc(inline)]
pub use sarangi_train as train;

pub mod prelude;

pub use sarangi_core::{Error, Result};
