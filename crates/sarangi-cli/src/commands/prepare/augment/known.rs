//! What a manifest says of the files that are augmented.

use std::collections::BTreeMap;
use std::path::Path;

use sarangi::audio::{FileKind, Quarantine};
use sarangi::core::Result;
use sarangi::data::{AugmentedCopy, ListedFile, Listing};

/// The manifest of the folder that is augmented. What it says of a file it says of its copies, too:
/// without it, chunks of one recording would be taken for several.
pub(super) struct Known(Option<Listing>);

impl Known {
    pub(super) fn read(input: &Path) -> Result<Self> {
        let Some(manifest) = Listing::manifest_of(input) else {
            return Ok(Self(None));
        };
        let mut listing = Listing::find(manifest, FileKind::Sound)?;
        // The manifest's files may lie in a folder below.
        if let Ok(below) = listing.root.strip_prefix(input) {
            for part in below.iter().rev() {
                for file in &mut listing.files {
                    file.path = format!("{}/{}", part.to_string_lossy(), file.path);
                }
            }
        }
        Ok(Self(Some(listing)))
    }

    /// The manifest of the folder of copies.
    pub(super) fn manifest<'a>(
        &self,
        copies: &'a [AugmentedCopy],
        originals: impl Iterator<Item = &'a str>,
    ) -> Result<Option<String>> {
        let Some(listing) = &self.0 else {
            return Ok(None);
        };
        let known = listing.files.iter().map(|file| (file.path.as_str(), file));
        let known: BTreeMap<&str, &ListedFile> = known.collect();
        let copies = copies
            .iter()
            .map(|copy| (copy.file.as_str(), copy.source.as_str()));
        let made = copies.chain(originals.map(|name| (name, name)));
        let listed = made.filter_map(|(file, source)| {
            let known: &ListedFile = known.get(source)?;
            Some(ListedFile {
                path: file.to_owned(),
                ..known.clone()
            })
        });
        let files: Vec<ListedFile> = listed.collect();
        // A manifest of other files alone would hide these.
        if files.is_empty() {
            return Ok(None);
        }
        let listing = Listing {
            files,
            labels: listing.labels.clone(),
            root: listing.root.clone(),
            kind: listing.kind,
            problems: Quarantine::default(),
        };
        listing.to_csv().map(Some)
    }
}
