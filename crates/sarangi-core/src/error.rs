//! The one error type of all crates, its variants named by whose fault the failure is.

use std::fmt;
use std::path::{Path, PathBuf};

/// A foreign cause, boxed so that no dependency's error type is part of this crate's interface.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What every fallible function of the Sarangi crates returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// Messages are lower case without a full stop, name the file or field, and say what to do where
/// that is not obvious. The cause, when there is one, is reached through
/// [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is not what its format says: empty, truncated, corrupt or with senseless values.
    #[error("{}: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The request is sound, but this build or this format cannot serve it.
    #[error("{what} is not supported{}", Hint(feature))]
    Unsupported {
        /// What was asked for.
        what: String,
        /// The Cargo feature that would enable it, if one would.
        feature: Option<&'static str>,
    },
    /// A parameter makes no sense.
    #[error("{spec}: {field}: {reason}")]
    Config {
        /// The specification that holds the parameter, such as `mel`.
        spec: &'static str,
        /// The parameter.
        field: String,
        /// Why its value cannot be used, and which values can.
        reason: String,
    },
    /// Two things that must fit together do not.
    #[error("{op}: expected {expected}, got {got}")]
    Shape {
        /// The operation.
        op: &'static str,
        /// The shape it needs.
        expected: String,
        /// The shape it was given.
        got: String,
    },
    /// A folder or list of data cannot be used as asked.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The folder or list.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A model or training-state file cannot be used.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; a missing, extra or mis-shaped tensor is named.
        reason: String,
    },
    /// A computation failed on its device.
    #[error("{op}: {source}")]
    Backend {
        /// What was being computed.
        op: &'static str,
        /// What the tensor library or the driver said.
        source: BoxError,
    },
    /// The work was [asked to end](crate::Stop), or its time was over.
    #[error("{what} was stopped before it was done")]
    Stopped {
        /// What was being done.
        what: &'static str,
    },
    /// A rank of a job that several share cannot go on, so that none can.
    #[error("rank {rank}: {reason}")]
    Cluster {
        /// The rank at fault.
        rank: usize,
        /// What befell it.
        reason: String,
    },
}

struct Hint<'a>(&'a Option<&'static str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, " in this build; enable the cargo feature `{name}`"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// An [`Error::Io`] at `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// An [`Error::Decode`] of `path`.
    pub fn decode(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Decode {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Config`] of one field of a specification.
    pub fn config(spec: &'static str, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config {
            spec,
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Shape`] of an operation; the shapes are written as text.
    pub fn shape(op: &'static str, expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        Self::Shape {
            op,
            expected: expected.to_string(),
            got: got.to_string(),
        }
    }

    /// An [`Error::Data`] of a folder or list.
    pub fn data(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Data {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Checkpoint`] of a model or state file.
    pub fn checkpoint(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Checkpoint {
            path: path.as_ref().to_owned(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Cluster`] of a rank.
    pub fn cluster(rank: usize, reason: impl Into<String>) -> Self {
        Self::Cluster {
            rank,
            reason: reason.into(),
        }
    }

    /// An [`Error::Backend`] of a computation.
    pub fn backend(op: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Backend {
            op,
            source: source.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_value_and_the_remedy() {
        let cases = [
            (
                Error::config("mel", "n_mels", "must be at least 1, got 0"),
                "mel: n_mels: must be at least 1, got 0",
            ),
            (
                Error::decode("a/b.wav", "file is empty"),
                "a/b.wav: file is empty",
            ),
            (
                Error::shape("conv2d", "(2, 3)", "(1, 3)"),
                "conv2d: expected (2, 3), got (1, 3)",
            ),
            (
                Error::Unsupported {
                    what: "aac".into(),
                    feature: Some("aac"),
                },
                "aac is not supported in this build; enable the cargo feature `aac`",
            ),
            (
                Error::Unsupported {
                    what: "opus".into(),
                    feature: None,
                },
                "opus is not supported",
            ),
        ];
        for (error, text) in cases {
            assert_eq!(error.to_string(), text);
        }
    }
}
