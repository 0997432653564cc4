//! The folder that a data set is written into.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Result;
use sarangi::core::{Error, write_atomically};

use crate::commands::quarantine;
use crate::ranks::Ranks;
use crate::usage::Usage;

/// A new folder of files.
///
/// They lie in a hidden folder within it until all are there: who stops the program leaves no part
/// that could be taken for the whole, and no chunk or copy that could be taken for a recording.
pub(super) struct OutputFolder {
    path: PathBuf,
    /// Whether it is this process that makes the folder what it is to be, for all that write into it.
    owned: bool,
}

/// The hidden folder.
const STAGE: &str = ".preparing";

impl OutputFolder {
    /// Refuses a folder in which the files would mix with others.
    pub(super) fn open(input: &Path, path: &Path, ranks: &Ranks) -> Result<Self> {
        refuse_within(path, input)?;
        if let Some(name) = other_file(path)? {
            let reason = format!("holds `{name}` already; name a new folder, or empty this one");
            return Err(Error::data(path, reason).into());
        }
        let path = path.to_owned();
        let owned = ranks.is_first();
        Ok(Self { path, owned })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes room for files; all ranks may write when it returns.
    pub(super) fn stage(&self, ranks: &Ranks) -> Result<(), Error> {
        // Nobody looks whether the folder is empty any more.
        ranks.all().barrier()?;
        if self.owned {
            self.make_stage()?;
        }
        ranks.all().barrier()
    }

    fn make_stage(&self) -> Result<(), Error> {
        let stage = self.path.join(STAGE);
        match fs::remove_dir_all(&stage) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::io(&stage, e)),
            _ => {}
        }
        fs::create_dir_all(&stage).map_err(|e| Error::io(&stage, e))
    }

    /// Where a file lies until all are there.
    pub(super) fn staged(&self, file: &str) -> PathBuf {
        self.path.join(STAGE).join(file)
    }

    /// Puts staged files in their places. A list of what they are is to be written first.
    pub(super) fn publish<'a>(
        &self,
        files: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Error> {
        for file in files {
            let place = self.path.join(file);
            make_parent(&place)?;
            fs::rename(self.staged(file), &place).map_err(|e| Error::io(&place, e))?;
        }
        Ok(())
    }

    /// Writes a list into the folder.
    pub(super) fn write_text(&self, file: &str, text: &str) -> Result<(), Error> {
        write_text(&self.path.join(file), text)
    }

    /// Puts a file of another folder in its place, as a hard link or a copy.
    pub(super) fn link(&self, file: &str, source: &Path) -> Result<(), Error> {
        place_file(source, &self.path.join(file), true)
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        if self.owned {
            // Whatever is left there is of no use; what cannot be removed is removed by the next run.
            let _ = fs::remove_dir_all(self.path.join(STAGE));
        }
    }
}

/// Writes a text file whole, or not at all.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), Error> {
    write_atomically(path, |out| {
        out.write_all(text.as_bytes())
            .map_err(|e| Error::io(path, e))
    })
}

/// The first thing in a folder that is not left there by a run that failed; a folder that is not
/// there holds nothing.
pub(super) fn other_file(folder: &Path) -> Result<Option<String>, Error> {
    let mut names = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(folder, e)),
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::io(folder, e))?,
    };
    names.retain(|name| ![quarantine::LIST, STAGE].contains(&name.as_str()));
    Ok(names.into_iter().min())
}

/// Makes `place` a copy of `source`, or with `link` a hard link to it where that can be.
pub(super) fn place_file(source: &Path, place: &Path, link: bool) -> Result<(), Error> {
    make_parent(place)?;
    // A link to a link would have to lie beside it.
    let source = source.canonicalize().map_err(|e| Error::io(source, e))?;
    if link && fs::hard_link(&source, place).is_ok() {
        return Ok(());
    }
    match fs::copy(&source, place) {
        Ok(_) => Ok(()),
        // Whose fault it is, the system does not say.
        Err(e) if fs::File::open(&source).is_err() => Err(Error::io(&source, e)),
        Err(e) => Err(Error::io(place, e)),
    }
}

fn make_parent(place: &Path) -> Result<(), Error> {
    match place.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|e| Error::io(folder, e)),
        None => Ok(()),
    }
}

/// Refuses an output that lies in the input, which is never changed.
pub(super) fn refuse_within(path: &Path, input: &Path) -> Result<(), Usage> {
    match is_within(path, input) {
        false => Ok(()),
        true => {
            let (path, input) = (path.display(), input.display());
            let reason = format!("OUT_DIR must lie outside IN_DIR, got `{path}` in `{input}`");
            Err(Usage(reason))
        }
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
