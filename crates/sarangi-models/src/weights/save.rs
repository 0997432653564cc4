//! Weights out of networks.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use sarangi_core::{During, Error, Result, write_atomically};
use sarangi_nn::Params;

/// Headers end at a multiple of so many bytes.
const ALIGNMENT: usize = 8;

/// Writes a network's parameters and running statistics as safetensors, whole, under their names,
/// which are those of torchvision and timm: `load_state_dict(safetensors.torch.load_file(path))`
/// takes them, and so does [`load_weights`](crate::load_weights). Each tensor is copied by itself.
///
/// # Errors
/// [`Error::Io`] if it cannot be written, [`Error::Backend`] if the device fails.
pub fn save_weights(params: &Params, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let parameters = params.all();
    let mut end = 0;
    let infos = parameters.iter().map(|(name, parameter)| {
        let start = end;
        end += size_of::<f32>() * parameter.var.elem_count();
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: parameter.var.dims().to_vec(),
            data_offsets: (start, end),
        };
        (name.clone(), info)
    });
    // Without this entry some readers refuse the file.
    let entry = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let metadata = Metadata::new(Some(entry), infos.collect());
    let fail = |e: &dyn std::fmt::Display| Error::checkpoint(path, e.to_string());
    let metadata = metadata.map_err(|e| fail(&e))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|e| fail(&e))?;
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    write_atomically(path, |out| {
        let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(|e| Error::io(path, e));
        write(&(header.len() as u64).to_le_bytes())?;
        write(&header)?;
        for (_, parameter) in &parameters {
            let values = parameter.var.flatten_all();
            let values = values.and_then(|values| values.to_vec1::<f32>());
            let mut values = values.during("save weights")?;
            if cfg!(target_endian = "big") {
                for value in &mut values {
                    *value = f32::from_bits(value.to_bits().swap_bytes());
                }
            }
            write(bytemuck::cast_slice(&values))?;
        }
        Ok(())
    })
}
