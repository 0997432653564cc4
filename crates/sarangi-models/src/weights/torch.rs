//! Torch's files: a zip with a pickle and the values inside.

use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use candle_core::Tensor;
use candle_core::pickle::{self, TensorInfo};

use super::NESTED;
use super::rehearsal::rehearse;

/// The most that a pickle may have: torch keeps the values elsewhere.
const MAX_PICKLE: u64 = 64 << 20;
/// How often a file's bytes may be used: tensors may share them, but not by the thousand.
const MAX_SHARING: u64 = 4;

/// Reads the state dictionary, after everything that the file claims has been checked.
pub(super) fn read(path: &Path) -> Result<Vec<(String, Tensor)>, String> {
    let read = guard(|| {
        check_pickles(path)?;
        for key in std::iter::once(None).chain(NESTED.map(Some)) {
            let infos = match (pickle::read_pth_tensor_info(path, false, key), key) {
                (Ok(infos), _) => infos,
                (Err(e), None) => return Err(e.to_string()),
                // An entry that is not there is an error of the reader, and then simply not where
                // to look.
                (Err(_), Some(_)) => continue,
            };
            if !infos.is_empty() {
                check_claims(&infos, path)?;
                return pickle::read_all_with_key(path, key).map_err(|e| e.to_string());
            }
        }
        Ok(Vec::new())
    });
    read.map_err(|reason| format!("not a readable torch file: {reason}"))
}

/// Runs foreign code over foreign bytes: a panic there is a damaged file here.
fn guard<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err("the reader cannot make sense of it".into()))
}

fn check_pickles(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| e.to_string())?;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).map_err(|e| e.to_string())?;
        let name = entry.name().map_err(|e| e.to_string())?.into_owned();
        if !name.ends_with("data.pkl") {
            continue;
        }
        let mut content = Vec::new();
        // The entry's own length is a claim too.
        entry
            .take(MAX_PICKLE + 1)
            .read_to_end(&mut content)
            .map_err(|e| format!("`{name}`: {e}"))?;
        if content.len() as u64 > MAX_PICKLE {
            return Err(format!("`{name}` has more than {} MiB", MAX_PICKLE >> 20));
        }
        rehearse(&content)?;
    }
    Ok(())
}

/// Refuses tensors that cannot be in a file of this length.
fn check_claims(infos: &[TensorInfo], path: &Path) -> Result<(), String> {
    let length = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    let mut all = 0u64;
    for info in infos {
        let dims = info.layout.dims();
        let size = info.dtype.size_in_bytes() as u64;
        let bytes = dims
            .iter()
            .try_fold(size, |bytes, &dim| bytes.checked_mul(dim as u64))
            .filter(|&bytes| bytes <= length);
        let Some(bytes) = bytes else {
            return Err(format!(
                "`{}` of {dims:?} is larger than the file",
                info.name
            ));
        };
        all = all.saturating_add(bytes);
    }
    if all > length.saturating_mul(MAX_SHARING) {
        return Err(format!("its tensors have {all} bytes, the file {length}"));
    }
    Ok(())
}
