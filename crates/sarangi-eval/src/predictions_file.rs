//! Predictions as a file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use sarangi_core::{Error, Result, write_atomically};
use serde::{Deserialize, Serialize};

use crate::{Prediction, Predictions};

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    labels: Vec<String>,
    /// How many lines follow, so that a file that was cut off is noticed.
    predictions: usize,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    track: std::borrow::Cow<'a, str>,
    /// The how-manieth of its track, from 0.
    chunk: usize,
    truth: usize,
    probabilities: std::borrow::Cow<'a, [f32]>,
}

impl Predictions {
    /// Writes them as JSON lines, whole: first `{"labels": [...], "predictions": n}`, then for each
    /// chunk `{"track": "a.wav", "chunk": 0, "truth": 2, "probabilities": [...]}`, where `chunk` counts
    /// within the track. Probabilities are read back to the bit.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write_jsonl(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_atomically(path, |out| {
            let mut write = |line: serde_json::Result<String>| {
                let line =
                    line.map_err(|e| Error::data(path, format!("cannot be written as JSON: {e}")))?;
                writeln!(out, "{line}").map_err(|e| Error::io(path, e))
            };
            write(serde_json::to_string(&Head {
                labels: self.labels().to_vec(),
                predictions: self.chunks().len(),
            }))?;
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for prediction in self.chunks() {
                let count = counts.entry(&prediction.track).or_default();
                let chunk = *count;
                *count += 1;
                write(serde_json::to_string(&Line {
                    track: prediction.track.as_str().into(),
                    chunk,
                    truth: prediction.truth,
                    probabilities: prediction.probabilities.as_slice().into(),
                }))?;
            }
            Ok(())
        })
    }

    /// Reads what [`write_jsonl`](Self::write_jsonl) wrote, or another program in that form.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Data`] naming the line if it is not of that form,
    /// if lines are missing, or if [`Predictions::new`] refuses what it holds.
    pub fn read_jsonl(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let refuse =
            |number: usize, reason: String| Error::data(path, format!("line {number}: {reason}"));
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let mut lines = BufReader::new(file).lines();
        let first = lines.next().transpose().map_err(|e| Error::io(path, e))?;
        let head: Head = serde_json::from_str(first.as_deref().unwrap_or("")).map_err(|e| {
            refuse(
                1,
                format!("must hold the labels and the number of predictions: {e}"),
            )
        })?;
        let mut chunks = Vec::new();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (line, number) in lines.zip(2..) {
            let line = line.map_err(|e| Error::io(path, e))?;
            let line: Line<'_> =
                serde_json::from_str(&line).map_err(|e| refuse(number, e.to_string()))?;
            let expected = counts.entry(line.track.to_string()).or_default();
            if line.chunk != *expected {
                let reason = format!(
                    "must be chunk {expected} of `{}`, got {}; keep the lines of a track in order",
                    line.track, line.chunk
                );
                return Err(refuse(number, reason));
            }
            *expected += 1;
            chunks.push(Prediction {
                track: line.track.into_owned(),
                truth: line.truth,
                probabilities: line.probabilities.into_owned(),
            });
        }
        if chunks.len() != head.predictions {
            let (want, got) = (head.predictions, chunks.len());
            let reason =
                format!("must hold {want} predictions, got {got}; it may have been cut off");
            return Err(Error::data(path, reason));
        }
        Self::new(head.labels, chunks).map_err(|e| Error::data(path, e.to_string()))
    }
}
