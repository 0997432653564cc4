//! Some of a data set's files in a folder of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use rayon::prelude::*;
use sarangi::core::Error;
use sarangi::data::{Listing, content_digest};

use super::output_folder::{OutputFolder, other_file, place_file, refuse_within};
use crate::console::Console;
use crate::ranks::Ranks;

/// Files that are to be in a folder, and a manifest if there was one.
pub(super) struct Selection<'a> {
    files: &'a Listing,
    manifest: Option<String>,
    link: bool,
}

/// What became of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    /// All of it was there already.
    Unchanged,
}

impl<'a> Selection<'a> {
    /// These of the files of the data set `input`.
    pub(super) fn new(input: &Path, files: &'a Listing, link: bool) -> Result<Self, Error> {
        let manifest = Listing::manifest_of(input);
        let manifest = manifest.map(|_| files.to_csv()).transpose()?;
        Ok(Self {
            files,
            manifest,
            link,
        })
    }

    /// Writes the folder; if it holds these files already, nothing is changed.
    pub(super) fn write(&self, output: &Path, console: &Console) -> Result<Outcome> {
        refuse_within(output, &self.files.root)?;
        if other_file(output)?.is_some() {
            return match self.difference(output)? {
                None => Ok(Outcome::Unchanged),
                Some(name) => {
                    let reason = format!(
                        "holds other files, such as `{name}`; name a new folder, or empty this one"
                    );
                    Err(Error::data(output, reason).into())
                }
            };
        }
        // Files are linked faster than ranks could agree on who links which.
        let alone = Ranks::alone();
        let folder = OutputFolder::open(&self.files.root, output, &alone)?;
        folder.stage(&alone)?;
        let progress = console.progress("copying", self.files.files.len());
        let done = AtomicUsize::new(0);
        let copied = self.files.files.par_iter().try_for_each(|file| {
            let (name, source) = self.files.locate(file);
            place_file(&source, &folder.staged(&name), self.link)?;
            progress.set(1 + done.fetch_add(1, Ordering::Relaxed), "files");
            Ok::<(), Error>(())
        });
        progress.finish();
        copied?;
        if let Some(text) = &self.manifest {
            folder.write_text(Listing::MANIFESTS[0], text)?;
        }
        folder.publish(self.files.files.iter().map(|file| file.path.as_str()))?;
        Ok(Outcome::Written)
    }

    /// The first file in which the folder differs from what it would become.
    fn difference(&self, output: &Path) -> Result<Option<String>, Error> {
        let mut there = BTreeMap::new();
        list(output, "", &mut there)?;
        if let Some(text) = &self.manifest {
            let name = Listing::MANIFESTS[0];
            let same = there.remove(name).map(fs::read);
            let same = same.is_some_and(|read| read.is_ok_and(|read| read == text.as_bytes()));
            if !same {
                return Ok(Some(name.to_owned()));
            }
        }
        let wanted = self.files.files.iter().map(|file| self.files.locate(file));
        let wanted: BTreeMap<String, PathBuf> = wanted.collect();
        let strange = there.keys().find(|name| !wanted.contains_key(*name));
        if let Some(name) = strange {
            return Ok(Some(name.clone()));
        }
        let differs = |(name, source): (&String, &PathBuf)| -> Result<Option<String>, Error> {
            let same = match there.get(name) {
                Some(copy) => content_digest(copy)? == content_digest(source)?,
                None => false,
            };
            Ok((!same).then(|| name.clone()))
        };
        let names = wanted.par_iter().map(differs);
        let names: Vec<Option<String>> = names.collect::<Result<_, _>>()?;
        Ok(names.into_iter().flatten().next())
    }
}

/// All files below a folder, by their paths with `/` between the parts.
fn list(folder: &Path, name: &str, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let path = entry.map_err(|e| Error::io(folder, e))?.path();
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        let name = match name {
            "" => own.into_owned(),
            above => format!("{above}/{own}"),
        };
        match path.is_dir() {
            true => list(&path, &name, found)?,
            false => {
                found.insert(name, path);
            }
        }
    }
    Ok(())
}
