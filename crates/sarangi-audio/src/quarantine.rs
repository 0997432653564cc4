//! The files that could not be used, and why.

use std::path::Path;

use sarangi_core::{Error, Result, write_atomically};
use serde::{Deserialize, Serialize};

/// A file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its path, as in the list it came from.
    pub path: String,
    /// Why it could not be used.
    pub reason: String,
}

/// A list of files that could not be used, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quarantine {
    entries: Vec<Quarantined>,
}

impl Quarantine {
    /// Adds a file; its place in the list follows from its path.
    pub fn add(&mut self, path: impl Into<String>, error: &Error) {
        let entry = Quarantined {
            path: path.into(),
            reason: reason(error),
        };
        let at = self.entries.partition_point(|other| *other <= entry);
        self.entries.insert(at, entry);
    }

    /// Adds the files of another list.
    pub fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.entries.sort_unstable();
    }

    /// The files, sorted by path.
    pub fn entries(&self) -> &[Quarantined] {
        &self.entries
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a path is in the list.
    pub fn contains(&self, path: &str) -> bool {
        self.entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .is_ok()
    }

    /// Writes the list as JSON: an array of objects with `path` and `reason`. The usual name is
    /// `quarantine.json`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(|e| Error::io(path, e))
        })
    }
}

/// What an error says beside the path, which stands in the list already.
fn reason(error: &Error) -> String {
    match error {
        Error::Decode { reason, .. } | Error::Data { reason, .. } => reason.clone(),
        Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_reads_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarantine.json");
        let mut list = Quarantine::default();
        list.add("b/x.wav", &Error::decode("/music/b/x.wav", "file is empty"));
        let mut other = Quarantine::default();
        other.add("a/y.mp3", &Error::data("/music/a/y.mp3", "is odd"));
        list.merge(other);
        list.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let want = "[\n  {\n    \"path\": \"a/y.mp3\",\n    \"reason\": \"is odd\"\n  },\n  {\n    \"path\": \"b/x.wav\",\n    \"reason\": \"file is empty\"\n  }\n]\n";
        assert_eq!(text, want);
        assert!(list.contains("b/x.wav") && !list.contains("b"));
    }
}
