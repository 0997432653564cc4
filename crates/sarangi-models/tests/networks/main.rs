//! Every network as a whole: against torch's logits and gradients, over its stages, learning.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/build.rs"]
mod any;
mod beginning;
mod formula;
mod freezing;
mod fusion;
mod goldens;
mod learning;
mod onnx;
mod stages;

use candle_core::Device;
use sarangi_core::Seed;
use sarangi_models::ModelSpec;
use sarangi_nn::{Model, Params};

/// A network by its name and the parameters that it is made of.
fn build(
    name: &str,
    settings: &[(&str, &str)],
    channels_classes: [usize; 2],
) -> (Params, Box<dyn Model>) {
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = ModelSpec::named(name, settings).unwrap();
    let network = any::build(&spec, &params, channels_classes).unwrap();
    (params, network)
}
