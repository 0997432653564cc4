//! One thing that may be wrong with one file.

use std::fmt;

use serde::Serialize;

/// What may be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// It cannot be read.
    Unreadable,
    /// It holds the same as a file of another class: one of the two labels is wrong.
    TwoLabels,
    /// It is the same file as another of its class.
    ExactDuplicate,
    /// It holds the same recording or picture as another of its class.
    NearDuplicate,
    /// It is silent for long, or throughout.
    Silence,
    /// It is very quiet.
    LowLevel,
    /// One of its channels is silent.
    DeadChannel,
    /// Much of it was cut at full scale.
    Clipping,
    /// Its samples do not average zero.
    DcOffset,
    /// It is shorter or longer than its class, or than is asked for.
    OddLength,
    /// It is larger or smaller than the pictures of its class.
    OddSize,
    /// It shows nothing but one colour.
    Blank,
}

impl FindingKind {
    /// All there are, the gravest first.
    pub const ALL: [Self; 12] = [
        Self::Unreadable,
        Self::TwoLabels,
        Self::ExactDuplicate,
        Self::NearDuplicate,
        Self::Silence,
        Self::LowLevel,
        Self::DeadChannel,
        Self::Clipping,
        Self::DcOffset,
        Self::OddLength,
        Self::OddSize,
        Self::Blank,
    ];

    /// Its name in tables, the same as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TwoLabels => "two_labels",
            Self::ExactDuplicate => "exact_duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::Silence => "silence",
            Self::LowLevel => "low_level",
            Self::DeadChannel => "dead_channel",
            Self::Clipping => "clipping",
            Self::DcOffset => "dc_offset",
            Self::OddLength => "odd_length",
            Self::OddSize => "odd_size",
            Self::Blank => "blank",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that may be wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, relative to the data set, with `/` between folders.
    pub path: String,
    /// Its class; empty if it is not known.
    pub label: String,
    /// What was found.
    pub finding: FindingKind,
    /// The finding in words, with its numbers.
    pub detail: String,
    /// The other file, if the finding is about two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json() {
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        let mut sorted = FindingKind::ALL;
        sorted.sort();
        assert_eq!(sorted, FindingKind::ALL);
    }
}
