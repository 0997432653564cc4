//! What a manifest says of a file.

use crate::Part;

/// What is known of a file beside its class; of a file in a folder without a manifest, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The recording that it is a part of. Files of one recording are in one part of a split.
    pub recording: Option<String>,
    /// Who made it. Tracks of one artist are in one part of a split.
    pub artist: Option<String>,
    /// The fold that its publishers put it in.
    pub fold: Option<String>,
    /// The part that its publishers put it in.
    pub part: Option<Part>,
}
