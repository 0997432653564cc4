//! The files that a model is asked about.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sarangi::audio::files_of;
use sarangi::prelude::Classifier;

use crate::args::Common;

/// Reads the model, as the common options would have it.
pub(crate) fn classifier(model: &Path, common: &Common) -> Result<Classifier> {
    super::use_threads(common)?;
    let classifier = Classifier::load(model, common.device)?;
    Ok(match common.max_seconds {
        Some(seconds) => classifier.with_max_seconds(seconds),
        None => classifier,
    })
}

/// The files named, and those of the folders named that the model can be asked about.
pub(crate) fn files(inputs: &[PathBuf], classifier: &Classifier) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let found = files_of(input, classifier.kind())?;
            if found.is_empty() {
                let noun = classifier.kind().noun();
                bail!("{}: holds no {noun} files", input.display());
            }
            files.extend(found);
        } else {
            files.push(input.clone());
        }
    }
    Ok(files)
}
