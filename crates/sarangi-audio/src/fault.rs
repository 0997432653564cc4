//! What goes wrong inside a reader, before the file's name is known.

use std::io;
use std::path::Path;

use sarangi_core::Error;

/// A failure that becomes an [`Error`] once the file has a name.
#[derive(Debug)]
pub(crate) enum Fault {
    Io(io::Error),
    /// The content is not what its format says.
    Bad(String),
    /// The sound ends before its format says; what came before is sound.
    Truncated(String),
    Unsupported {
        what: String,
        feature: Option<&'static str>,
    },
}

impl Fault {
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(reason.into())
    }

    pub(crate) fn truncated(reason: impl Into<String>) -> Self {
        Self::Truncated(reason.into())
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            feature: None,
        }
    }

    pub(crate) fn at(self, path: &Path) -> Error {
        match self {
            Self::Io(e) => Error::io(path, e),
            Self::Bad(reason) => Error::decode(path, reason),
            Self::Truncated(reason) => Error::decode(path, format!("file is truncated: {reason}")),
            Self::Unsupported { what, feature } => Error::Unsupported {
                what: format!("{}: {what}", path.display()),
                feature,
            },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
