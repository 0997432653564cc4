//! The list of a folder's augmented copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use sarangi_core::{Error, Result, write_atomically};
use serde::{Deserialize, Serialize};

/// A sound file that was made of another by augmentation, as a line of [`LIST`](Self::LIST) has it.
///
/// What is learned of a copy is learned of its source: the splits never let it train if its source
/// judges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentedCopy {
    /// Its path below the folder, with `/` between the parts.
    pub file: String,
    /// The path of what it was made of, below the folder that was augmented.
    pub source: String,
    /// The [digest](crate::content_digest) of the source's content, by which it is known whatever
    /// its name has become.
    pub source_digest: String,
    /// The transforms that made it, in order, as `sarangi-augment` writes them; none if it was left
    /// as it was.
    pub applied: Vec<serde_json::Value>,
}

impl AugmentedCopy {
    /// The name of the list, a line of JSON for each copy, in the folder that holds them.
    pub const LIST: &str = "augmented.jsonl";

    /// Reads a folder's list; where there is none, there are no copies.
    ///
    /// # Errors
    /// [`Error::Io`] if the list cannot be read, [`Error::Data`] naming the line that is no copy.
    pub fn read_list(folder: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = folder.as_ref().join(Self::LIST);
        let text = match fs::read_to_string(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|e| Error::io(&path, e))?,
        };
        let lines = text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(i, line)| {
                serde_json::from_str(line)
                    .map_err(|e| Error::data(&path, format!("line {}: {e}", i + 1)))
            })
            .collect()
    }

    /// Writes a folder's list, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write_list(folder: impl AsRef<Path>, copies: &[Self]) -> Result<()> {
        let path = folder.as_ref().join(Self::LIST);
        write_atomically(&path, |out| {
            copies.iter().try_for_each(|copy| {
                serde_json::to_writer(&mut *out, copy)
                    .map_err(std::io::Error::from)
                    .and_then(|()| out.write_all(b"\n"))
                    .map_err(|e| Error::io(&path, e))
            })
        })
    }
}

/// What each copy of a folder was made of in the end.
pub(crate) struct Sources {
    by_file: BTreeMap<String, (String, String)>,
}

impl Sources {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut by_file = BTreeMap::new();
        for copy in AugmentedCopy::read_list(folder)? {
            let AugmentedCopy {
                file,
                source,
                source_digest,
                ..
            } = copy;
            if by_file.contains_key(&file) {
                let reason = format!("names `{file}` twice; delete one of the two lines");
                return Err(Error::data(folder.join(AugmentedCopy::LIST), reason));
            }
            by_file.insert(file, (source, source_digest));
        }
        let sources = Self { by_file };
        for file in sources.by_file.keys() {
            if sources.of(file).is_none() {
                let reason = format!("`{file}` is a copy of itself; delete its line");
                return Err(Error::data(folder.join(AugmentedCopy::LIST), reason));
            }
        }
        Ok(sources)
    }

    /// The path and digest of what a file was made of, if it is a copy; of a copy of a copy, the
    /// first source.
    pub(crate) fn of(&self, file: &str) -> Option<(&str, &str)> {
        let mut found = self.by_file.get(file)?;
        // As many steps as there are copies: who takes more goes in circles.
        for _ in 0..self.by_file.len() {
            match self.by_file.get(&found.0) {
                Some(next) => found = next,
                None => return Some((&found.0, &found.1)),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn copy(file: &str, source: &str) -> AugmentedCopy {
        AugmentedCopy {
            file: file.into(),
            source: source.into(),
            source_digest: format!("digest of {source}"),
            applied: vec![json!({"type": "gain", "gain_db": 0.1, "p": 1.0})],
        }
    }

    #[test]
    fn a_list_comes_back_and_none_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(AugmentedCopy::read_list(&folder).unwrap(), []);
        let copies = [copy("a/é.wav", "a/x.wav"), copy("a/z.wav", "a/x.wav")];
        AugmentedCopy::write_list(&folder, &copies).unwrap();
        assert_eq!(AugmentedCopy::read_list(&folder).unwrap(), copies);
        let text = fs::read_to_string(folder.path().join("augmented.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 2);
        let first = r#"{"file":"a/é.wav","source":"a/x.wav","source_digest":"digest of a/x.wav","applied":[{"type":"gain","gain_db":0.1,"p":1.0}]}"#;
        assert_eq!(text.lines().next(), Some(first));
    }

    #[test]
    fn a_copy_of_a_copy_has_the_first_source() {
        let folder = tempfile::tempdir().unwrap();
        let copies = [copy("c", "b"), copy("b", "a")];
        AugmentedCopy::write_list(&folder, &copies).unwrap();
        let sources = Sources::read(folder.path()).unwrap();
        assert_eq!(sources.of("c"), Some(("a", "digest of a")));
        assert_eq!(sources.of("b"), Some(("a", "digest of a")));
        assert_eq!(sources.of("a"), None);
    }

    #[test]
    fn a_list_that_makes_no_sense_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let fails = |copies: &[AugmentedCopy]| {
            AugmentedCopy::write_list(&folder, copies).unwrap();
            Sources::read(folder.path()).err().unwrap().to_string()
        };
        let circle = fails(&[copy("a", "b"), copy("b", "a")]);
        assert!(circle.contains("`a` is a copy of itself"), "{circle}");
        let twice = fails(&[copy("a", "b"), copy("a", "c")]);
        assert!(twice.contains("names `a` twice"), "{twice}");
        fs::write(folder.path().join("augmented.jsonl"), "\n{\"file\": 3}\n").unwrap();
        let error = AugmentedCopy::read_list(&folder).unwrap_err().to_string();
        assert!(error.contains("augmented.jsonl: line 2: "), "{error}");
    }
}
