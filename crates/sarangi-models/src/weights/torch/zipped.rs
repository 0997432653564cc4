//! What torch has written since 1.6: a zip with a pickle and a file for each storage.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use zip::{CompressionMethod, ZipArchive};

use super::{MOST_BYTES, Pickle};
use crate::weights::shortened::shortened;
use crate::weights::tensors::Wanted;

/// Reads the state dictionary of a file of `length` bytes.
pub(in crate::weights) fn read<T: Wanted>(
    source: impl Read + Seek,
    length: u64,
) -> Result<BTreeMap<String, T>, String> {
    let mut zip = ZipArchive::new(source).map_err(|e| format!("a damaged zip file: {e}"))?;
    let folder = folder(&zip)?;
    let order = entry(&mut zip, &format!("{folder}byteorder"), 16).unwrap_or_default();
    if order.starts_with(b"big") {
        let reason = "was written with the bytes of its numbers in reverse (big-endian); save it \
                      again on a usual machine";
        return Err(reason.to_owned());
    }
    let bytes = entry(&mut zip, &format!("{folder}data.pkl"), MOST_BYTES)?;
    let pickle = Pickle::read(&bytes)?;
    let tensors = super::tensors(&pickle)?;
    T::of(&tensors, length, |key, element, count| {
        let name = format!("{folder}data/{key}");
        let mut file = open(&mut zip, &name)?;
        let bytes = element.size() * count as u64;
        if file.size() != bytes {
            let (name, size) = (shortened(&name), file.size());
            return Err(format!("`{name}` has {size} bytes instead of {bytes}"));
        }
        let values = element.read(&mut file, count);
        let values = values.map_err(|e| format!("`{}`: {e}", shortened(&name)))?;
        // Only at its end is the file's checksum looked at.
        file.read(&mut [0])
            .map_err(|e| format!("`{}`: {e}", shortened(&name)))?;
        Ok(values)
    })
}

/// The folder that the archive's names begin with.
fn folder(zip: &ZipArchive<impl Read + Seek>) -> Result<String, String> {
    let names = || zip.file_names().filter_map(Result::ok);
    let ends_with = |end: &str| names().find_map(|name| name.strip_suffix(end).map(str::to_owned));
    let Some(folder) = ends_with("data.pkl") else {
        return Err(match ends_with("model.weights.h5") {
            Some(_) => super::super::keras(),
            None => "a zip file, but not one of torch.save: it has no data.pkl".to_owned(),
        });
    };
    if names().any(|name| name == format!("{folder}constants.pkl")) {
        let reason = "holds a compiled TorchScript module; save the weights alone in Python: \
                      torch.save(torch.jit.load(path).state_dict(), other_path)";
        return Err(reason.to_owned());
    }
    Ok(folder)
}

/// A small file of the archive.
fn entry(
    zip: &mut ZipArchive<impl Read + Seek>,
    name: &str,
    most: usize,
) -> Result<Vec<u8>, String> {
    let file = open(zip, name)?;
    let name = shortened(name);
    let mut bytes = Vec::new();
    // The entry's own length is a claim.
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("`{name}`: {e}"))?;
    if bytes.len() > most {
        return Err(format!("`{name}` has more than {most} bytes"));
    }
    Ok(bytes)
}

fn open<'z, R: Read + Seek>(
    zip: &'z mut ZipArchive<R>,
    name: &str,
) -> Result<zip::read::ZipFile<'z, R>, String> {
    let file = zip.by_name(name);
    let name = shortened(name);
    let file = file.map_err(|e| format!("`{name}`: {e}"))?;
    // Torch never compresses, so a few bytes cannot claim to be many.
    match file.compression() {
        CompressionMethod::Stored => Ok(file),
        _ => Err(format!(
            "`{name}` is compressed, which torch.save never does; save it again"
        )),
    }
}
