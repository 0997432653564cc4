//! A listing as a manifest.

use sarangi_core::{Error, Result};

use super::{ListedFile, Listing};
use crate::Part;

impl Listing {
    /// The files as the text of a [manifest](Self::MANIFESTS) in CSV, which [`read`](Self::read)
    /// reads from the folder that the paths are relative to: the columns `path` and `label`, and
    /// those of `track`, `artist`, `fold` and `split` of which anything is known.
    ///
    /// # Errors
    /// [`Error::Data`] naming a file whose path or class cannot stand in a manifest, because it begins
    /// or ends with a space, or has a `\`.
    pub fn to_csv(&self) -> Result<String> {
        let known: Vec<&Column> = COLUMNS
            .iter()
            .filter(|(_, value)| self.files.iter().any(|file| value(file).is_some()))
            .collect();
        let mut csv = csv::Writer::from_writer(Vec::new());
        let fault = |e: csv::Error| Error::backend("manifest", e);
        let names = known.iter().map(|(name, _)| *name);
        csv.write_record(["path", "label"].into_iter().chain(names))
            .map_err(fault)?;
        for file in &self.files {
            let label = self.labels[file.label].as_str();
            for text in [file.path.as_str(), label] {
                if text != text.trim() || text.contains('\\') {
                    let reason = "has a name that cannot stand in a manifest: rename it, so that it \
                                  begins and ends with no space and has no `\\`";
                    return Err(Error::data(self.root.join(&file.path), reason));
                }
            }
            let more = known.iter().map(|(_, value)| value(file).unwrap_or(""));
            csv.write_record([file.path.as_str(), label].into_iter().chain(more))
                .map_err(fault)?;
        }
        let bytes = csv
            .into_inner()
            .map_err(|e| Error::backend("manifest", e.into_error()))?;
        String::from_utf8(bytes).map_err(|e| Error::backend("manifest", e))
    }
}

/// A column's name, and what it says of a file.
type Column = (&'static str, fn(&ListedFile) -> Option<&str>);

const COLUMNS: [Column; 4] = [
    ("track", |file| file.listed.recording.as_deref()),
    ("artist", |file| file.listed.artist.as_deref()),
    ("fold", |file| file.listed.fold.as_deref()),
    ("split", |file| file.listed.part.map(Part::name)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Listed;
    use sarangi_audio::FileKind;
    use std::fs;

    fn listing(root: &std::path::Path) -> Listing {
        let file = |path: &str, label, listed| ListedFile {
            path: path.to_owned(),
            label,
            listed,
        };
        let known = Listed {
            recording: Some("a, \"live\"".to_owned()),
            part: Some(Part::Test),
            ..Listed::default()
        };
        Listing {
            root: root.to_owned(),
            kind: FileKind::Sound,
            labels: vec!["jazz".to_owned(), "rock".to_owned()],
            files: vec![
                file("jazz/a,b.wav", 0, known),
                file("rock/c.wav", 1, Listed::default()),
            ],
            problems: Default::default(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let listing = listing(folder.path());
        for file in &listing.files {
            let path = folder.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let text = listing.to_csv().unwrap();
        // What nothing is known of has no column.
        assert_eq!(text.lines().next(), Some("path,label,track,split"));
        fs::write(folder.path().join("manifest.csv"), text).unwrap();
        let read = Listing::read(folder.path(), FileKind::Sound).unwrap();
        assert_eq!(read.files, listing.files);
        assert_eq!(read.labels, listing.labels);
        assert_eq!(Listing::kinds_of(folder.path()).unwrap(), [FileKind::Sound]);
    }

    #[test]
    fn names_that_would_come_back_as_others_are_refused() {
        for name in [" jazz/a.wav", "jazz/a.wav ", "jazz\\a.wav"] {
            let mut listing = listing("music".as_ref());
            listing.files[0].path = name.to_owned();
            let error = listing.to_csv().unwrap_err().to_string();
            assert!(error.contains("rename it"), "{error}");
        }
    }
}
