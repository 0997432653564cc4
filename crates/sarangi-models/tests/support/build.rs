//! Networks for tests.

use sarangi_core::{Result, Spec};
use sarangi_models::{ModelContext, ModelSpec};
use sarangi_nn::{Model, Params};

/// The network of so many channels and classes, its parameters made in `params`.
pub(crate) fn build(
    spec: &ModelSpec,
    params: &Params,
    [in_channels, classes]: [usize; 2],
) -> Result<Box<dyn Model>> {
    spec.build(ModelContext {
        params,
        in_channels,
        classes,
    })
}
