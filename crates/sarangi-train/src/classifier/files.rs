//! Many files: decoded and transformed in parallel, classified in batches.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sarangi_core::{Result, Stop};

use super::{Classification, Classifier, Prepared};

/// Files for each thread that are prepared while those before them are classified: more would only
/// take memory, fewer would let threads wait for the slowest file.
const AHEAD: usize = 2;

impl Classifier {
    /// Classifies files, and calls `visit` with each one's place and answer in the order of the files.
    ///
    /// Files are decoded and their features computed on all threads while the network runs on those
    /// before, the chunks of several files in a batch. Memory holds a few files for each thread,
    /// however many there are.
    ///
    /// # Errors
    /// Those of `visit`, at which it ends, and [`Error::Stopped`](sarangi_core::Error::Stopped). A file that
    /// cannot be classified is an answer like others.
    pub fn classify_files(
        &self,
        files: &[PathBuf],
        stop: &Stop,
        visit: impl FnMut(usize, Result<Classification>) -> Result<()> + Send,
    ) -> Result<()> {
        self.each_file(files, stop, |tracks| self.classify_batch(tracks), visit)
    }

    /// The [embedding](Self::embed_batch) of each file, as [`classify_files`](Self::classify_files)
    /// gives answers.
    ///
    /// # Errors
    /// As [`classify_files`](Self::classify_files).
    pub fn embed_files(
        &self,
        files: &[PathBuf],
        stop: &Stop,
        visit: impl FnMut(usize, Result<Vec<f32>>) -> Result<()> + Send,
    ) -> Result<()> {
        self.each_file(files, stop, |tracks| self.embed_batch(tracks), visit)
    }

    fn each_file<A: Send>(
        &self,
        files: &[PathBuf],
        stop: &Stop,
        answers: impl Fn(&[Prepared]) -> Result<Vec<A>> + Sync,
        mut visit: impl FnMut(usize, Result<A>) -> Result<()> + Send,
    ) -> Result<()> {
        let prepare = |group: &[PathBuf]| -> Vec<Result<Prepared>> {
            group
                .par_iter()
                .map(|file| self.prepare_file(file, stop))
                .collect()
        };
        let size = AHEAD * rayon::current_num_threads();
        let mut groups = files.chunks(size);
        let mut current = groups.next().map(prepare).unwrap_or_default();
        let mut first = 0;
        while !current.is_empty() {
            stop.check("prediction")?;
            let paths = &files[first..first + current.len()];
            let next = groups.next().unwrap_or_default();
            let (prepared, answered) = rayon::join(
                || prepare(next),
                || {
                    let answers = answer_group(paths, current, &answers);
                    (first..).zip(answers).try_for_each(|(n, a)| visit(n, a))
                },
            );
            answered?;
            first += paths.len();
            current = prepared;
        }
        Ok(())
    }
}

/// The answers to a group of files, among them those that could not be prepared.
fn answer_group<A>(
    paths: &[PathBuf],
    group: Vec<Result<Prepared>>,
    answers: impl Fn(&[Prepared]) -> Result<Vec<A>>,
) -> Vec<Result<A>> {
    let mut tracks = Vec::with_capacity(group.len());
    let mut failures = Vec::with_capacity(group.len());
    for outcome in group {
        match outcome {
            Ok(track) => {
                tracks.push(track);
                failures.push(None);
            }
            Err(error) => failures.push(Some(error)),
        }
    }
    // One track that the network cannot take must not cost the others their answers.
    let mut together: Vec<Result<A>> = match answers(&tracks) {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(_) => tracks.iter().map(|track| alone(track, &answers)).collect(),
    };
    let mut together = together.drain(..);
    failures
        .into_iter()
        .zip(paths)
        .filter_map(|(failure, path)| match failure {
            Some(error) => Some(Err(error)),
            None => together.next().map(|answer| naming(path, answer)),
        })
        .collect()
}

fn alone<A>(track: &Prepared, answers: impl Fn(&[Prepared]) -> Result<Vec<A>>) -> Result<A> {
    let mut answer = answers(std::slice::from_ref(track))?;
    answer
        .pop()
        .ok_or_else(|| sarangi_core::Error::shape("classify", "one answer", "none"))
}

/// An error that says which file it is about.
fn naming<A>(path: &Path, answer: Result<A>) -> Result<A> {
    answer.map_err(|e| sarangi_core::Error::decode(path, e.to_string()))
}
