//! Weights into networks.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::Tensor;
use sarangi_core::{Error, Result};
use sarangi_nn::Params;

use super::matching::{WeightOptions, match_weights};
use super::read_weights;
use super::report::{MappedWeight, WeightReport};
use crate::adapt_input_conv;

/// Sets a network's parameters from a file made by torch, torchvision, timm or this project,
/// strictly: [`load_weights_with`] and the default options.
///
/// # Errors
/// As [`load_weights_with`].
pub fn load_weights(params: &Params, path: impl AsRef<Path>) -> Result<WeightReport> {
    load_weights_with(params, path, &WeightOptions::default())
}

/// Sets a network's parameters from a file, by the names that [`match_weights`] finds, and says
/// what became of each tensor.
///
/// Torch's `num_batches_tracked` counters and the fixed filters of front ends are left out, since no
/// network here uses them.
///
/// # Errors
/// As [`read_weights`], and [`Error::Checkpoint`] naming what is missing, left over and mis-shaped,
/// or holds values that are not finite; the network is then unchanged.
pub fn load_weights_with(
    params: &Params,
    path: impl AsRef<Path>,
    options: &WeightOptions,
) -> Result<WeightReport> {
    let path = path.as_ref();
    apply_weights(params, read_weights(path)?, options).map_err(|e| match e {
        Error::Shape { got, .. } => Error::checkpoint(path, got),
        other => other,
    })
}

/// Sets a network's parameters from tensors that were read, as [`load_weights_with`] does.
///
/// # Errors
/// [`Error::Shape`] naming what is missing, left over and mis-shaped, or holds values that are not
/// finite; the network is then unchanged. [`Error::Backend`] if the device fails.
pub fn apply_weights(
    params: &Params,
    tensors: BTreeMap<String, Tensor>,
    options: &WeightOptions,
) -> Result<WeightReport> {
    let report = match_weights(params, &tensors, options);
    let mut placed = place_weights(&report, tensors)?;
    if !report.kept.is_empty() {
        let mut now = params.snapshot()?;
        let kept = report.kept.iter().filter_map(|name| now.remove_entry(name));
        placed.extend(kept);
    }
    params.load(&placed)?;
    Ok(report)
}

/// The tensors under the network's names, as a report of [`match_weights`] has them:
/// [`Params::from_values`] builds a network of them, unless its head was to be left out.
///
/// # Errors
/// [`Error::Shape`] naming what is missing, left over and mis-shaped, [`Error::Backend`] if the
/// device fails.
pub fn place_weights(
    report: &WeightReport,
    mut tensors: BTreeMap<String, Tensor>,
) -> Result<BTreeMap<String, Tensor>> {
    if !report.is_complete() {
        let expected = "exactly the tensors of the network";
        return Err(Error::shape("load parameters", expected, report.faults()));
    }
    let mut placed = BTreeMap::new();
    for MappedWeight {
        from, to, shape, ..
    } in &report.mapped
    {
        if let Some(tensor) = tensors.remove(from) {
            let tensor = match shape[..] {
                // Only a first layer may differ, in its channels.
                [_, channels, _, _] if tensor.dims() != shape => {
                    adapt_input_conv(&tensor, channels)?
                }
                _ => tensor,
            };
            placed.insert(to.clone(), tensor);
        }
    }
    Ok(placed)
}
