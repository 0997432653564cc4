//! Which files a data set has, and what is known of them before they are read.

mod fma;
mod manifest;
mod sample;
pub(crate) mod table;
mod write;

use std::path::{Path, PathBuf};

use sarangi_audio::{FileKind, Quarantine, Scan, files_of, scan_folder_for};
use sarangi_core::{Error, Result};

use crate::Listed;

/// The files of a data set, not read yet.
///
/// A data set is a folder with a sub-folder for each class, or a table of files: a manifest
/// (`.csv`, `.jsonl`) or FMA's `tracks.csv`. A folder that holds a [`MANIFEST`](Self::MANIFESTS) is
/// what that says.
///
/// A manifest has a header and a row for each file. Its columns, in any order and with any others
/// beside them:
///
/// | column | other names | is |
/// |---|---|---|
/// | `path` | `file`, `filename` | the file, below the table's folder or its `audio` folder |
/// | `label` | `class`, `genre`, `category` | the class |
/// | `track` | `track_id`, `recording` | the recording that it is a part of |
/// | `artist` | `artist_id`, `artist_name` | who made it |
/// | `fold` | | the fold that its publishers put it in |
/// | `split` | `part` | `train`, `valid` or `test` |
#[derive(Clone, Debug)]
pub struct Listing {
    /// The folder that paths are relative to.
    pub root: PathBuf,
    /// What the files are.
    pub kind: FileKind,
    /// The classes, sorted.
    pub labels: Vec<String>,
    /// The files, sorted by class, then by path.
    pub files: Vec<ListedFile>,
    /// What could not be listed, and why.
    pub problems: Quarantine,
}

/// One file of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path below the listing's root, with `/` between the parts.
    pub path: String,
    /// Its class, an index into [`Listing::labels`].
    pub label: usize,
    /// What else a manifest says of it.
    pub listed: Listed,
}

impl Listing {
    /// The names under which a folder's manifest is found.
    pub const MANIFESTS: [&str; 2] = ["manifest.csv", "manifest.jsonl"];

    /// Lists the files of a kind of a folder or a manifest.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Data`] if there is no such file, a manifest is
    /// not what it should be (naming the line), or there are fewer than two classes.
    pub fn read(data: impl AsRef<Path>, kind: FileKind) -> Result<Self> {
        let data = data.as_ref();
        let listing = match Self::manifest_of(data) {
            Some(manifest) => manifest::read(&manifest, kind)?,
            None => {
                let scan = scan_folder_for(data, kind)?;
                scan.check_classes()?;
                Self::of_scan(scan)
            }
        };
        match listing.labels.as_slice() {
            [only] => {
                let reason = format!("has one class only, `{only}`; there must be two");
                Err(Error::data(data, reason))
            }
            _ => Ok(listing),
        }
    }

    /// Lists the files as [`read`](Self::read) does; here one class is enough, since nothing is to
    /// be told apart.
    ///
    /// # Errors
    /// As [`read`](Self::read), but for the number of classes.
    pub fn find(data: impl AsRef<Path>, kind: FileKind) -> Result<Self> {
        let data = data.as_ref();
        match Self::manifest_of(data) {
            Some(manifest) => manifest::read(&manifest, kind),
            None => scan_folder_for(data, kind).map(Self::of_scan),
        }
    }

    /// The kinds of file that a data set holds, one or both.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Data`] if it holds neither, or a manifest is not
    /// what it should be.
    pub fn kinds_of(data: impl AsRef<Path>) -> Result<Vec<FileKind>> {
        let data = data.as_ref();
        let kinds = [FileKind::Sound, FileKind::Picture];
        if Self::manifest_of(data).is_none() {
            let mut found = Vec::new();
            for kind in kinds {
                if !files_of(data, kind)?.is_empty() {
                    found.push(kind);
                }
            }
            return match found.as_slice() {
                [] => Err(Error::data(data, "holds no sound and no picture files")),
                _ => Ok(found),
            };
        }
        let [sounds, pictures] = kinds.map(|kind| Self::find(data, kind).map(|_| kind));
        match (sounds, pictures) {
            (Err(error), Err(_)) => Err(error),
            (sounds, pictures) => Ok([sounds, pictures].into_iter().flatten().collect()),
        }
    }

    /// The manifest that says what a data set is, if one does.
    pub fn manifest_of(data: &Path) -> Option<PathBuf> {
        if data.is_file() {
            return Some(data.to_owned());
        }
        let names = Self::MANIFESTS.iter().map(|name| data.join(name));
        names.into_iter().find(|path| path.is_file())
    }

    fn of_scan(scan: Scan) -> Self {
        let kind = scan.kind;
        let mut problems = scan.problems;
        for empty in &scan.empty {
            let reason = format!("holds no {} files", kind.noun());
            problems.add(empty.as_str(), &Error::data(empty, reason));
        }
        let listed = |file: sarangi_audio::ScannedFile| ListedFile {
            path: file.path,
            label: file.label,
            listed: Listed::default(),
        };
        Self {
            root: scan.root,
            kind,
            labels: scan.labels,
            files: scan.files.into_iter().map(listed).collect(),
            problems,
        }
    }

    /// A file's name in lists, and where it lies.
    pub fn locate(&self, file: &ListedFile) -> (String, PathBuf) {
        (file.path.clone(), self.root.join(&file.path))
    }

    /// How many files each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for file in &self.files {
            counts[file.label] += 1;
        }
        counts
    }
}
