//! The files that could not be used.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use sarangi::audio::Quarantine;
use sarangi::core::{Error, Result};

use crate::console::Console;

/// The name of the list of files that could not be used.
pub(super) const LIST: &str = "quarantine.json";

/// Says which files could not be used, and lists them in `folder`; returns the list's path.
pub(super) fn report(quarantine: &Quarantine, folder: &Path, console: &Console) -> Result<PathBuf> {
    for entry in quarantine.entries() {
        console.error(anyhow!("{}: {}", entry.path, entry.reason));
    }
    let list = folder.join(LIST);
    if quarantine.is_empty() {
        remove_old(&list)?;
    } else {
        quarantine.write(&list)?;
    }
    Ok(list)
}

/// A list that an earlier run has left would be taken for this run's.
fn remove_old(list: &Path) -> Result<()> {
    match fs::remove_file(list) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(list, e)),
        _ => Ok(()),
    }
}
