//! Safetensors files.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::element::{Element, read_all};
use super::shortened::shortened;
use super::tensors::{Described, Wanted};

/// The most bytes that a header may have; the format's own limit.
const MOST_BYTES: u64 = 100_000_000;

/// Reads the tensors of a file of `length` bytes.
pub(super) fn read<T: Wanted>(
    mut source: impl Read + Seek,
    length: u64,
) -> Result<BTreeMap<String, T>, String> {
    let (metadata, begin) = header(&mut source, length)?;
    let mut infos = Vec::new();
    for (name, info) in metadata.tensors() {
        let element = element(info.dtype).ok_or_else(|| {
            format!(
                "`{}` is of type {}, which is not read: only F64, F32, F16, BF16, I64, I32, \
                     I16, I8, U8 and BOOL are",
                shortened(&name),
                info.dtype
            )
        })?;
        let dims: Vec<u64> = info.shape.iter().map(|dim| *dim as u64).collect();
        // The metadata has no sizes that contradict each other.
        let (start, end) = info.data_offsets;
        let count = (end - start) as u64 / element.size();
        infos.push((name, element, start, dims, count));
    }
    let described = infos
        .iter()
        .map(|(name, element, _, dims, count)| Described {
            name,
            storage: name,
            element: *element,
            count: *count,
            offset: 0,
            dims,
            strides: None,
        });
    let described: Vec<_> = described.collect();
    let starts: BTreeMap<&str, usize> = infos.iter().map(|i| (i.0.as_str(), i.2)).collect();
    T::of(&described, length, |key, element, count| {
        let start = starts.get(key).copied().unwrap_or_default() as u64;
        source
            .seek(SeekFrom::Start(begin + start))
            .map_err(|e| e.to_string())?;
        element.read(&mut source, count)
    })
}

/// The header and where the values begin, the header held against the file's length.
fn header(source: &mut (impl Read + Seek), length: u64) -> Result<(Metadata, u64), String> {
    let mut size = [0u8; 8];
    read_all(source, &mut size)?;
    let size = u64::from_le_bytes(size);
    let begin = size.checked_add(8).filter(|begin| *begin <= length);
    let begin = begin.filter(|_| size <= MOST_BYTES).ok_or_else(|| {
        format!("neither a torch file nor a safetensors file, whose header would have {size} bytes")
    })?;
    let mut bytes = vec![0u8; size as usize];
    read_all(source, &mut bytes)?;
    // Reading it checks that no two tensors overlap, and that sizes fit types and shapes.
    let metadata: Metadata = serde_json::from_slice(&bytes).map_err(|e| {
        // It may quote what it cannot read.
        let e = e.to_string();
        format!("not a readable safetensors file: {}", shortened(&e))
    })?;
    let (claimed, there) = (metadata.data_len() as u64, length - begin);
    if claimed != there {
        return Err(format!(
            "a safetensors file whose header names {claimed} bytes of values, but there are \
             {there}: truncated or damaged"
        ));
    }
    Ok((metadata, begin))
}

fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::I64 => Element::I64,
        Dtype::I32 => Element::I32,
        Dtype::I16 => Element::I16,
        Dtype::I8 => Element::I8,
        Dtype::U8 => Element::U8,
        Dtype::BOOL => Element::Bool,
        _ => return None,
    })
}
