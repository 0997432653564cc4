//! Linear layers that do not begin as torch's do.

use sarangi_core::Result;
use sarangi_nn::{Init, Linear, Params};

/// A linear layer whose weight begins by this rule and whose bias with 0, as several networks'
/// authors have it.
pub(crate) fn linear(
    params: &Params,
    inputs: usize,
    outputs: usize,
    weight: Init,
) -> Result<Linear> {
    // The layer takes what is there.
    params.weight("weight", (outputs, inputs), weight)?;
    params.weight("bias", outputs, Init::Const(0.0))?;
    Linear::new(params, inputs, outputs)
}
