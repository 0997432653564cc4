//! The folder of the copies.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sarangi::core::Error;
use sarangi::data::AugmentedCopy;

use crate::commands::quarantine;
use crate::usage::Usage;

/// A folder that gets copies.
///
/// They lie in a hidden folder within it until all are there and listed: who stops the program
/// leaves no copy that could be taken for a recording.
pub(super) struct OutputFolder {
    path: PathBuf,
}

/// The hidden folder.
const STAGE: &str = ".augmenting";

impl OutputFolder {
    /// Refuses a folder in which copies would mix with other files.
    pub(super) fn open(input: &Path, path: &Path) -> Result<Self> {
        if is_within(path, input) {
            let (path, input) = (path.display(), input.display());
            let reason = format!(
                "OUT_DIR must lie outside IN_DIR, got `{path}` in `{input}`; --originals puts the \
                 originals beside the copies"
            );
            return Err(Usage(reason).into());
        }
        let ours = [quarantine::LIST, STAGE];
        match fs::read_dir(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io(path, e).into()),
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(|e| Error::io(path, e))?.file_name();
                    if !ours.iter().any(|ours| name == *ours) {
                        let name = name.to_string_lossy();
                        let reason =
                            format!("holds `{name}` already; name a new folder, or empty this one");
                        return Err(Error::data(path, reason).into());
                    }
                }
            }
        }
        let path = path.to_owned();
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes room for copies.
    pub(super) fn stage(&self) -> Result<(), Error> {
        let stage = self.path.join(STAGE);
        match fs::remove_dir_all(&stage) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io(&stage, e)),
            _ => {}
        }
        fs::create_dir_all(&stage).map_err(|e| Error::io(&stage, e))
    }

    /// Where a copy lies until all are there.
    pub(super) fn staged(&self, file: &str) -> PathBuf {
        self.path.join(STAGE).join(file)
    }

    /// Lists the copies, and then puts them in their places, with the originals beside them.
    pub(super) fn publish(
        &self,
        copies: &[AugmentedCopy],
        originals: &[(String, PathBuf)],
    ) -> Result<(), Error> {
        AugmentedCopy::write_list(&self.path, copies)?;
        for copy in copies {
            let place = self.place(&copy.file)?;
            fs::rename(self.staged(&copy.file), &place).map_err(|e| Error::io(&place, e))?;
        }
        for (name, original) in originals {
            // A link to a link would have to lie beside it.
            let original = original
                .canonicalize()
                .map_err(|e| Error::io(original, e))?;
            let place = self.place(name)?;
            if fs::hard_link(&original, &place).is_err() {
                fs::copy(&original, &place).map_err(|e| Error::io(&place, e))?;
            }
        }
        Ok(())
    }

    /// The path of a file, whose folder is made.
    fn place(&self, file: &str) -> Result<PathBuf, Error> {
        let place = self.path.join(file);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        Ok(place)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        // Whatever is left there is no copy; what cannot be removed is removed by the next run.
        let _ = fs::remove_dir_all(self.path.join(STAGE));
    }
}

/// Whether `path`, which need not be there yet, is `folder` or lies in it.
fn is_within(path: &Path, folder: &Path) -> bool {
    let (Ok(path), Ok(folder)) = (std::path::absolute(path), folder.canonicalize()) else {
        return false;
    };
    let there = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    there.is_some_and(|path| path.starts_with(folder))
}
