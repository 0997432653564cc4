//! Reading other people's weights.

mod rehearsal;
mod torch;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{Device, Tensor};
use sarangi_core::{Error, Result};
use sarangi_nn::Params;

/// The entries under which training programs keep the state dictionary in a checkpoint.
const NESTED: [&str; 3] = ["model_state_dict", "state_dict", "model"];

/// Reads all tensors of a file by name, unmodified.
///
/// The format is told by the content: safetensors, or a torch file (`.pth`, `.pt`, `.ckpt`: a zip
/// with a pickle inside) that holds a state dictionary itself or under `model_state_dict`,
/// `state_dict` or `model`. Nothing in a pickle is executed, and nothing that a file claims of its
/// own size is believed before it has been checked.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Checkpoint`] if it is neither, or holds no tensors.
pub fn read_weights(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>> {
    let path = path.as_ref();
    let mut magic = [0u8; 4];
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.read(&mut magic).map_err(|e| Error::io(path, e))?;
    let tensors: BTreeMap<_, _> = match &magic[..length] {
        [] => return Err(Error::checkpoint(path, "file is empty")),
        b"PK\x03\x04" => torch::read(path)
            .map_err(|reason| Error::checkpoint(path, reason))?
            .into_iter()
            .collect(),
        _ => candle_core::safetensors::load(path, &Device::Cpu)
            .map_err(|e| {
                let reason = format!("neither a safetensors nor a zipped torch file ({e})");
                Error::checkpoint(path, reason)
            })?
            .into_iter()
            .collect(),
    };
    if tensors.is_empty() {
        let reason = format!(
            "holds no tensors; a torch file must hold a state dictionary, itself or under {}",
            NESTED.join(", ")
        );
        return Err(Error::checkpoint(path, reason));
    }
    Ok(tensors)
}

/// Sets a network's parameters from a file made by torch or by this project, strictly.
///
/// Torch's `num_batches_tracked` counters are left out, since no network here uses them.
///
/// # Errors
/// As [`read_weights`], and [`Error::Checkpoint`] naming every missing, left-over and mis-shaped
/// tensor; the network is then unchanged.
pub fn load_weights(params: &Params, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let mut tensors = read_weights(path)?;
    tensors.retain(|name, _| !name.ends_with(".num_batches_tracked"));
    params.load(&tensors).map_err(|e| match e {
        Error::Shape { got, .. } => Error::checkpoint(path, got),
        other => other,
    })
}
