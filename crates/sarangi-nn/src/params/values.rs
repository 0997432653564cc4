//! Values from elsewhere, and whether they can be a network's.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{During, Error, Result, Seed};

/// Where the first values of parameters come from.
#[derive(Debug)]
pub(super) enum Origin {
    /// Drawn, each from a generator of its own.
    Drawn(Seed),
    /// Given by name.
    Given(BTreeMap<String, Tensor>),
    /// None at all: only names and shapes are asked about.
    Outline,
}

/// The error that lists everything that keeps `tensors` from being the network's.
pub(super) fn refusal(faults: &[String]) -> Error {
    let expected = "exactly the tensors of the network";
    Error::shape("load parameters", expected, faults.join(", "))
}

pub(super) fn missing(name: &str) -> String {
    format!("`{name}` is missing")
}

pub(super) fn unknown(name: &str) -> String {
    format!("`{name}` is unknown")
}

/// The tensor as f32 on `device`, or what is wrong with it: the shape, the type, or values that are
/// not finite, which would make every later result senseless without a word.
pub(super) fn fit(
    name: &str,
    tensor: &Tensor,
    dims: &[usize],
    device: &Device,
) -> Result<Result<Tensor, String>> {
    const OP: &str = "load parameters";
    if tensor.dims() != dims {
        let got = tensor.dims();
        return Ok(Err(format!(
            "`{name}` has shape {got:?} instead of {dims:?}"
        )));
    }
    if !tensor.dtype().is_float() {
        let got = tensor.dtype().as_str();
        return Ok(Err(format!("`{name}` is of type {got} instead of f32")));
    }
    let converted = tensor.detach().to_dtype(DType::F32).during(OP)?;
    // Checked after the conversion: a large f64 is no finite f32.
    let values = converted
        .flatten_all()
        .and_then(|t| t.to_vec1::<f32>())
        .during(OP)?;
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Ok(Err(format!("`{name}` holds {value}, which is not finite")));
    }
    converted.to_device(device).during(OP).map(Ok)
}
