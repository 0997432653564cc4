//! Weights into networks and out of them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::Tensor;
use safetensors::tensor::{Dtype, TensorView};
use sarangi_core::{During, Error, Result, write_atomically};
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

/// Writes a network's parameters and running statistics as safetensors, whole, under their names,
/// which are those of torchvision and timm: `load_state_dict(safetensors.torch.load_file(path))` takes
/// them, and so does [`load_weights`].
///
/// # Errors
/// [`Error::Io`] if it cannot be written, [`Error::Backend`] if the device fails.
pub fn save_weights(params: &Params, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let mut tensors = Vec::new();
    for (name, tensor) in params.snapshot()? {
        let values = tensor.flatten_all().and_then(|t| t.to_vec1::<f32>());
        let values = values.during("save weights")?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        tensors.push((name, tensor.dims().to_vec(), bytes));
    }
    let fail = |e: safetensors::SafeTensorError| Error::checkpoint(path, e.to_string());
    let views = tensors
        .iter()
        .map(|(name, dims, bytes)| {
            let view = TensorView::new(Dtype::F32, dims.clone(), bytes).map_err(fail)?;
            Ok((name, view))
        })
        .collect::<Result<Vec<_>>>()?;
    // Without this entry some readers refuse the file.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let file = safetensors::serialize(views, Some(metadata)).map_err(fail)?;
    write_atomically(path, |out| {
        out.write_all(&file).map_err(|e| Error::io(path, e))
    })
}
