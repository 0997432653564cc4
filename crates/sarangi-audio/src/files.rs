//! The same work on many files, some of which may be broken.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use sarangi_core::{Error, Result};

use crate::Quarantine;

/// Does `work` on every file, on as many threads as rayon has, and sets aside the files at which it
/// fails: the results come in the order of the files, whatever the threads, and the failures in
/// the quarantine.
///
/// `locate` gives a file's name in the quarantine and its path. `progress` is called after each
/// file with the number of files done so far, in no particular order.
///
/// # Errors
/// [`Error::Io`] at any other path than the file's own: that the place for results is full or may
/// not be written is no fault of the sound file, and would befall every one after it.
pub fn for_each_file<F: Sync, R: Send>(
    files: &[F],
    locate: impl Fn(&F) -> (String, PathBuf) + Sync,
    work: impl Fn(&F, &Path) -> Result<R> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Result<(Vec<R>, Quarantine)> {
    let done = AtomicUsize::new(0);
    let outcomes: Vec<_> = files
        .par_iter()
        .map(|file| {
            let (name, path) = locate(file);
            let outcome = work(file, &path);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            (name, path, outcome)
        })
        .collect();
    let mut results = Vec::with_capacity(files.len());
    let mut quarantine = Quarantine::default();
    for (name, file, outcome) in outcomes {
        match outcome {
            Ok(result) => results.push(result),
            Err(Error::Io { path, source }) if path != file => {
                return Err(Error::Io { path, source });
            }
            Err(error) => quarantine.add(name, &error),
        }
    }
    Ok((results, quarantine))
}
