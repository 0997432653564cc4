//! Splits by description.

use std::path::{Path, PathBuf};

use sarangi_core::{Error, Result, Seed, within};
use serde::{Deserialize, Serialize};

use super::{FoldsBy, Holdout, Split, by_chunk, by_fold, by_list, by_order, by_track};
use crate::Corpus;

/// How a corpus is split.
///
/// Originals alone are divided. An augmented copy trains if its original does, and is left out if
/// its original validates or tests; so the parts that judge are the same with copies and without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SplitSpec {
    /// Whole tracks, the same share of each class, drawn by the seed: the honest default. Where a
    /// manifest names recordings or artists, none of them is in two parts, and shares are as near as
    /// that allows.
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
    /// Cross-validation.
    KFold(KFold),
    /// The first tracks of each class, in the order of their paths, train, the next validate, the
    /// last test.
    FirstLast {
        /// How many of each class train.
        train: usize,
        /// How many of each class validate.
        #[serde(default)]
        valid: usize,
        /// How many of each class test; all that are left if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test: Option<usize>,
    },
    /// What the manifest's column `split` says.
    Column {
        /// The share of each class's training tracks that validates if the manifest names none.
        #[serde(default = "default_valid")]
        valid: f64,
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

/// Cross-validation: each of several folds judges once.
///
/// With a `holdout`, a share of each class never trains and tests every fold's model, and a fold
/// validates. Without one a fold tests, and a share of the rest validates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KFold {
    /// How many folds are drawn; data sets that bring their own have as many as they have.
    pub folds: usize,
    /// Where folds come from.
    pub by: FoldsBy,
    /// The share of each class's tracks that tests every fold's model, or `"column"` for the tracks that
    /// the manifest's column `split` puts into `test`.
    pub holdout: Holdout,
    /// Without a holdout, the share of each class's tracks outside the fold that validates.
    pub valid: f64,
    /// Which fold judges, from 1; all in turn if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
}

impl Default for KFold {
    fn default() -> Self {
        Self {
            folds: 5,
            by: FoldsBy::Seed,
            holdout: Holdout::Share(0.0),
            valid: default_valid(),
            fold: None,
        }
    }
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
    /// [`Error::Config`] if a share or fold makes no sense, [`Error::Data`] if a class has too few
    /// tracks, a part would be empty, or the lists overlap; [`Error::Io`] if a list cannot be read.
    pub fn split(&self, corpus: &Corpus, seed: Seed) -> Result<Split> {
        self.check()?;
        match self {
            Self::Track { valid, test } => {
                by_track::split(corpus, *valid, *test, seed.child("split"))
            }
            Self::LeakyChunks { valid, test } => {
                by_chunk::split(corpus, *valid, *test, seed.child("split"))
            }
            Self::KFold(spec) => by_fold::split(corpus, spec, seed.child("split")),
            &Self::FirstLast { train, valid, test } => {
                by_order::first_last(corpus, train, valid, test)
            }
            Self::Column { valid } => by_order::column(corpus, *valid, seed.child("split")),
            Self::Named { train, valid, test } => {
                by_list::split(corpus, [("train", train), ("valid", valid), ("test", test)])
            }
            Self::Lists { .. } => self.resolved()?.split(corpus, seed),
        }
    }

    /// Checks what can be checked without the data.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn check(&self) -> Result<()> {
        let share = |field: &'static str, value: f64| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => {
                let reason = format!("must be at least 0 and below 1, got {value}");
                Err(Error::config("split", field, reason))
            }
        };
        match self {
            Self::Track { valid, test } | Self::LeakyChunks { valid, test } => {
                share("valid", *valid)?;
                share("test", *test)?;
                if valid + test >= 1.0 {
                    let reason =
                        format!("valid + test must leave some for training, got {valid} + {test}");
                    return Err(Error::config("split", "valid", reason));
                }
            }
            Self::KFold(spec) => {
                within("split", "folds", spec.folds, 2..=1000)?;
                share("valid", spec.valid)?;
                if let Holdout::Share(holdout) = spec.holdout {
                    share("holdout", holdout)?;
                }
            }
            Self::FirstLast { train: 0, .. } => {
                return Err(Error::config("split", "train", "must be at least 1, got 0"));
            }
            Self::Column { valid } => share("valid", *valid)?,
            _ => {}
        }
        Ok(())
    }

    /// How many models a run of this split trains: one, or as many as there are folds if none of
    /// them is named.
    ///
    /// # Errors
    /// [`Error::Data`] naming a track that is in none of the folds that the data set brings.
    pub fn folds(&self, corpus: &Corpus) -> Result<Option<usize>> {
        match self {
            Self::KFold(spec) if spec.fold.is_none() => by_fold::count(corpus, spec).map(Some),
            _ => Ok(None),
        }
    }

    /// The description of one fold of a cross-validation; of any other split itself.
    #[must_use]
    pub fn with_fold(self, fold: usize) -> Self {
        match self {
            Self::KFold(spec) => Self::KFold(KFold {
                fold: Some(fold),
                ..spec
            }),
            other => other,
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
