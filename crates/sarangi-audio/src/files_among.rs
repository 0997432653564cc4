//! The same work on many files, shared among ranks.

use std::path::{Path, PathBuf};

use sarangi_core::{Communicator, Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Quarantine, for_each_file};

/// What one rank has found: results with their files' numbers, and files that could not be used.
#[derive(Serialize, Deserialize)]
struct Found<R> {
    results: Vec<(usize, R)>,
    quarantine: Quarantine,
}

/// As [`for_each_file`], each rank working on a part of the files, dealt out one by one; all have the same
/// results when it returns, those of all files in their order.
///
/// `progress` is called with the number of files done on all ranks, those of the others taken to be as
/// far as this one. Results travel as JSON.
///
/// # Errors
/// As [`for_each_file`]; [`Error::Cluster`] if a rank has ended, or a result has no JSON form.
pub fn for_each_file_among<F: Sync, R: Send + Serialize + DeserializeOwned>(
    ranks: &dyn Communicator,
    files: &[F],
    locate: impl Fn(&F) -> (String, PathBuf) + Sync,
    work: impl Fn(&F, &Path) -> Result<R> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Result<(Vec<R>, Quarantine)> {
    if ranks.size() == 1 {
        return for_each_file(files, locate, work, progress);
    }
    let shard = ranks.shard();
    let own: Vec<_> = files.iter().enumerate().collect();
    let own: Vec<_> = own.into_iter().filter(|(i, _)| shard.has(*i)).collect();
    let (results, quarantine) = for_each_file(
        &own,
        |(_, file)| locate(file),
        |(number, file), path| Ok((*number, work(file, path)?)),
        |done| progress((done * shard.of()).min(files.len())),
    )?;
    let fail = |rank: usize, e: serde_json::Error| Error::cluster(rank, e.to_string());
    let found = Found {
        results,
        quarantine,
    };
    let bytes = serde_json::to_vec(&found).map_err(|e| fail(ranks.rank(), e))?;
    let (mut results, mut quarantine) = (Vec::new(), Quarantine::default());
    for (rank, bytes) in ranks.gather(bytes)?.into_iter().enumerate() {
        let found: Found<R> = serde_json::from_slice(&bytes).map_err(|e| fail(rank, e))?;
        results.extend(found.results);
        quarantine.merge(found.quarantine);
    }
    results.sort_by_key(|(number, _)| *number);
    let results = results.into_iter().map(|(_, result)| result).collect();
    Ok((results, quarantine))
}
