//! Every network as a whole: against torch's logits and gradients, over its stages, learning.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod formula;
mod freezing;
mod fusion;
mod goldens;
mod learning;
mod onnx;
mod stages;

use candle_core::Device;
use sarangi_core::{Seed, Spec};
use sarangi_models::{ModelContext, ModelSpec};
use sarangi_nn::{Model, Params};

/// A network by its name and the parameters that it is made of.
fn build(
    name: &str,
    settings: &[(&str, &str)],
    [in_channels, classes]: [usize; 2],
) -> (Params, Box<dyn Model>) {
    let own = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    let settings: Vec<_> = settings.iter().map(own).collect();
    let params = Params::new(Seed(1), &Device::Cpu);
    let cx = ModelContext {
        params: &params,
        in_channels,
        classes,
    };
    let network = ModelSpec::named(name, &settings)
        .unwrap()
        .build(cx)
        .unwrap();
    (params, network)
}
