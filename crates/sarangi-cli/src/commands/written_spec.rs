//! Specifications in files.

use std::fs;
use std::path::Path;

use sarangi::core::{Error, Result};
use serde::de::DeserializeOwned;

/// A language in which a specification is written, by the ending of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Json,
    Toml,
}

impl Language {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        let all = [("json", Self::Json), ("toml", Self::Toml)];
        let found = all
            .into_iter()
            .find(|(name, _)| ending.eq_ignore_ascii_case(name));
        found.map(|(_, language)| language)
    }
}

/// Whether this is the name of a file that holds a specification.
pub(super) fn is_written(path: &Path) -> bool {
    Language::of(path).is_some()
}

/// Reads a specification; what is not called `.json` is TOML.
pub(super) fn read<S: DeserializeOwned>(path: &Path) -> Result<S> {
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let read = match Language::of(path) {
        Some(Language::Json) => serde_json::from_str(&text).map_err(|e| e.to_string()),
        _ => toml::from_str(&text).map_err(|e| e.message().to_owned()),
    };
    read.map_err(|reason| Error::data(path, reason.replace('\n', "; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_name_tells() {
        for (name, language) in [
            ("a.json", Some(Language::Json)),
            ("b/c.TOML", Some(Language::Toml)),
            ("time-stretch", None),
            ("json", None),
            ("x.wav", None),
        ] {
            assert_eq!(Language::of(Path::new(name)), language, "{name}");
        }
    }
}
