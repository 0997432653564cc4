//! Descriptions that can be written to a file and built.

use serde::{Serialize, de::DeserializeOwned};

use crate::Result;

/// A serialisable description of something computable.
///
/// [`build`](Spec::build) is the one fallible step: it checks every field and precomputes whatever
/// it can (windows, filter banks, plans). What it returns is immutable and used through `&self`.
/// `Cx` is what the thing must know besides its own parameters, such as the sampling rate.
pub trait Spec<Cx>: Clone + PartialEq + Serialize + DeserializeOwned {
    /// What the description builds.
    type Built;

    /// Checks the description and builds it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) naming the first field that makes no sense.
    fn build(&self, cx: Cx) -> Result<Self::Built>;
}
