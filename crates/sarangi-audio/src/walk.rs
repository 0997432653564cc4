//! Everything below a folder.

use std::path::{Path, PathBuf};

use sarangi_core::{Error, Result};
use walkdir::WalkDir;

use crate::FileKind;

/// A folder or a file below the root.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) depth: usize,
    pub(crate) is_folder: bool,
    /// Whether it is a file of the kind that is looked for, and not hidden.
    pub(crate) is_wanted: bool,
}

/// Everything in a folder but what lies in hidden folders.
pub(crate) fn walk(root: &Path, kind: FileKind) -> impl Iterator<Item = Result<Place>> {
    WalkDir::new(root)
        .follow_links(true)
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0 || !is_hidden(entry.path()) || entry.file_type().is_file()
        })
        .filter_map(move |entry| match entry {
            Ok(entry) => {
                let is_wanted = entry.file_type().is_file() && is_named_like(kind, entry.path());
                Some(Ok(Place {
                    depth: entry.depth(),
                    is_folder: entry.file_type().is_dir(),
                    is_wanted,
                    path: entry.into_path(),
                }))
            }
            Err(e) if e.loop_ancestor().is_some() => None,
            Err(e) => Some(dangling(&e, kind).ok_or_else(|| unreadable(root, e))),
        })
}

/// A link that leads nowhere is a file that cannot be read: that is found when it is opened, and
/// no reason to stop here.
fn dangling(error: &walkdir::Error, kind: FileKind) -> Option<Place> {
    let path = error.path().filter(|path| path.is_symlink())?;
    Some(Place {
        path: path.to_owned(),
        depth: error.depth(),
        is_folder: false,
        is_wanted: is_named_like(kind, path),
    })
}

fn is_named_like(kind: FileKind, path: &Path) -> bool {
    !is_hidden(path) && kind.matches(path)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn unreadable(root: &Path, error: walkdir::Error) -> Error {
    let path = error.path().unwrap_or(root).to_owned();
    match error.into_io_error() {
        Some(cause) => Error::io(path, cause),
        None => Error::data(path, "cannot be read"),
    }
}
