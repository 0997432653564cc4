//! Files by their content.

use std::fs;
use std::path::Path;

use sarangi_core::{Error, Result};

/// The digest of a file's content (BLAKE3, the first 128 bits in hexadecimal), by which a track is
/// known whatever its name. The file is read in blocks.
///
/// # Errors
/// [`Error::Io`] if it cannot be read.
pub fn content_digest(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let mut hash = blake3::Hasher::new();
    let file = fs::File::open(path).map_err(|e| Error::io(path, e))?;
    hash.update_reader(file).map_err(|e| Error::io(path, e))?;
    Ok(hash.finalize().to_hex()[..32].to_owned())
}
