//! Splits by description.

use std::path::{Path, PathBuf};

use sarangi_core::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use super::{Split, by_chunk, by_list, by_track};
use crate::Corpus;

/// How a corpus is split.
///
/// Originals alone are divided. An augmented copy trains if its original does, and is left out if
/// its original validates or tests; so the parts that judge are the same with copies and without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SplitSpec {
    /// Whole tracks, the same share of each class, drawn by the seed: the honest default.
    Track {
        /// The share of each class's tracks that validates.
        #[serde(default = "default_valid")]
        valid: f64,
        /// The share of each class's tracks that tests.
        #[serde(default = "default_test")]
        test: f64,
    },
    /// Single chunks, drawn by the seed without regard to track or class, as the five-channel
    /// system was published. Chunks of one recording train *and* test, so the numbers are far too
    /// good; it exists to compare with such publications.
    LeakyChunks {
        /// The share of all chunks that validates.
        #[serde(default = "default_valid")]
        valid: f64,
        /// The share of all chunks that tests.
        #[serde(default = "default_test")]
        test: f64,
    },
    /// Whole tracks by lists of file names, one a line; endings do not matter. Tracks on no list
    /// are left out, names without a track are passed over.
    Lists {
        /// The list of what the weights learn from.
        train: PathBuf,
        /// The list of what chooses the epoch.
        valid: PathBuf,
        /// The list of what is looked at once, at the end.
        test: PathBuf,
    },
    /// The same with the names themselves: what a model trained by lists carries, so that it can
    /// be evaluated where the lists are not.
    Named {
        /// What the weights learn from.
        train: Vec<String>,
        /// What chooses the epoch.
        valid: Vec<String>,
        /// What is looked at once, at the end.
        test: Vec<String>,
    },
}

fn default_valid() -> f64 {
    0.16
}

fn default_test() -> f64 {
    0.2
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self::Track {
            valid: default_valid(),
            test: default_test(),
        }
    }
}

impl SplitSpec {
    /// Splits a corpus. The same corpus and seed make the same split on every machine.
    ///
    /// # Errors
    /// [`Error::Config`] if a share makes no sense, [`Error::Data`] if a class has too few tracks,
    /// a part would be empty, or the lists overlap; [`Error::Io`] if a list cannot be read.
    pub fn split(&self, corpus: &Corpus, seed: Seed) -> Result<Split> {
        if let Self::Track { valid, test } | Self::LeakyChunks { valid, test } = *self {
            for (field, value) in [("valid", valid), ("test", test)] {
                if !(0.0..1.0).contains(&value) {
                    let reason = format!("must be at least 0 and below 1, got {value}");
                    return Err(Error::config("split", field, reason));
                }
            }
            if valid + test >= 1.0 {
                let reason =
                    format!("valid + test must leave some for training, got {valid} + {test}");
                return Err(Error::config("split", "valid", reason));
            }
        }
        match self {
            Self::Track { valid, test } => {
                by_track::split(corpus, *valid, *test, seed.child("split"))
            }
            Self::LeakyChunks { valid, test } => {
                by_chunk::split(corpus, *valid, *test, seed.child("split"))
            }
            Self::Named { train, valid, test } => {
                by_list::split(corpus, [("train", train), ("valid", valid), ("test", test)])
            }
            Self::Lists { .. } => self.resolved()?.split(corpus, seed),
        }
    }

    /// The description without references to other files: lists are read.
    ///
    /// # Errors
    /// [`Error::Io`] if a list cannot be read.
    pub fn resolved(&self) -> Result<Self> {
        match self {
            Self::Lists { train, valid, test } => Ok(Self::Named {
                train: by_list::read(train)?,
                valid: by_list::read(valid)?,
                test: by_list::read(test)?,
            }),
            other => Ok(other.clone()),
        }
    }

    /// The description with the lists' relative paths taken to be in `folder`.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::Lists { train, valid, test } => {
                let [train, valid, test] = [train, valid, test].map(|list| folder.join(list));
                Self::Lists { train, valid, test }
            }
            other => other,
        }
    }

    /// Whether chunks of one track may fall into two parts.
    pub fn is_leaky(&self) -> bool {
        matches!(self, Self::LeakyChunks { .. })
    }
}
