//! Tensors with one text beside them in a safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sarangi_core::{During, Error, Result, write_atomically};

/// Writes f32 tensors and one metadata entry, whole. The bytes depend on nothing but the content:
/// tensors go in the order of their names, and there is one entry, since the format's library
/// writes several in random order.
pub(crate) fn write(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    (entry, text): (&str, &str),
) -> Result<()> {
    let bytes = tensors
        .iter()
        .map(|(name, tensor)| {
            let values = tensor
                .flatten_all()
                .and_then(|t| t.to_vec1::<f32>())
                .during("save")?;
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            Ok((name, tensor.dims().to_vec(), bytes))
        })
        .collect::<Result<Vec<_>>>()?;
    let fail = |e: safetensors::SafeTensorError| Error::checkpoint(path, e.to_string());
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((
                name,
                TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(fail)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([(entry.to_owned(), text.to_owned())]);
    let file = safetensors::serialize(views, Some(metadata)).map_err(fail)?;
    write_atomically(path, |out| {
        out.write_all(&file).map_err(|e| Error::io(path, e))
    })
}

/// The bytes of a header, as many as there are of those that it claims.
pub(crate) fn header(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut length = [0; 8];
    let mut header = Vec::new();
    if file.read(&mut length)? == length.len() {
        // The format's own limit; no header is longer.
        let length = u64::from_le_bytes(length).min(100_000_000);
        file.take(length).read_to_end(&mut header)?;
    }
    Ok(header)
}

/// Reads the tensors and the text of one metadata entry.
pub(crate) fn read(path: &Path, entry: &str) -> Result<(BTreeMap<String, Tensor>, String)> {
    let bytes = fs::read(path).map_err(|e| Error::io(path, e))?;
    parse(path, &bytes, entry)
}

/// What [`read`] makes of the content of a file.
pub(crate) fn parse(
    path: &Path,
    bytes: &[u8],
    entry: &str,
) -> Result<(BTreeMap<String, Tensor>, String)> {
    let fail = |reason: String| Error::checkpoint(path, reason);
    if bytes.is_empty() {
        return Err(fail("file is empty".into()));
    }
    let broken = |e| fail(format!("not a safetensors file: {e}"));
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let text = metadata
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(entry))
        .cloned();
    let text = text.ok_or_else(|| {
        fail(format!(
            "has no `{entry}` inside: it was not written by sarangi, or not as this kind"
        ))
    })?;
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
        .map_err(|e| fail(format!("not a readable safetensors file: {e}")))?;
    Ok((tensors.into_iter().collect(), text))
}
