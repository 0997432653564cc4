//! Files that all ranks must see alike.

use std::fs;
use std::path::Path;

use sarangi_core::{Communicator, Error, Result};

/// The content of a file as the first rank reads it: a network file system may show others an older
/// one for a while. None if it is not there.
pub(crate) fn read(ranks: &dyn Communicator, path: &Path) -> Result<Option<Vec<u8>>> {
    let own = match ranks.is_first() && path.exists() {
        true => fs::read(path).map_err(|e| Error::io(path, e))?,
        false => Vec::new(),
    };
    // What is there is never empty: each is written whole.
    let bytes = ranks.broadcast(own, 0)?;
    Ok((!bytes.is_empty()).then_some(bytes))
}
