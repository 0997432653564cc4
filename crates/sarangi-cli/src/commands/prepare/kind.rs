//! What a data set is made of.

use std::path::Path;

use anyhow::Result;
use sarangi::audio::FileKind;
use sarangi::data::Listing;

use crate::args::Kind;
use crate::usage::Usage;

/// The kind that is asked for, otherwise the one that is there.
pub(super) fn kind_of(data: &Path, asked: Option<Kind>) -> Result<FileKind> {
    if let Some(kind) = asked {
        return Ok(kind.into());
    }
    match Listing::kinds_of(data)?.as_slice() {
        [only] => Ok(*only),
        _ => {
            let data = data.display();
            let reason = format!("`{data}` holds sounds and pictures; add --kind sound or picture");
            Err(Usage(reason).into())
        }
    }
}
