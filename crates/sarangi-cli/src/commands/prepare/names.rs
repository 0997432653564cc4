//! The names of files, and of what is made of them.

use std::collections::BTreeMap;
use std::path::Path;

/// The path of a file below a folder with `/` between its parts, if it is UTF-8; as an error, the same
/// with replacement characters.
pub(super) fn below(file: &Path, root: &Path) -> Result<String, String> {
    let below = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    match below.to_str() {
        Some(_) => Ok(parts.join("/")),
        None => Err(parts.join("/")),
    }
}

/// The part up to and with the last `/`, and the name behind it without its ending.
pub(super) fn folder_and_stem(name: &str) -> (&str, &str) {
    let (folder, file) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
    match file.rfind('.') {
        Some(dot) if dot > 0 => (folder, &file[..dot]),
        _ => (folder, file),
    }
}

/// The path without its ending, which what is made of a file is named after.
pub(super) fn stem(name: &str) -> &str {
    let (folder, stem) = folder_and_stem(name);
    &name[..folder.len() + stem.len()]
}

/// Which file has which name without its ending: files that differ in nothing else would become one.
#[derive(Default)]
pub(super) struct Stems(BTreeMap<String, String>);

impl Stems {
    /// Gives the name to the first file that asks; of any other, why it cannot have it.
    pub(super) fn claim(&mut self, name: &str) -> Option<String> {
        match self.0.get(stem(name)) {
            Some(first) => Some(format!(
                "differs from `{first}` only in its ending, so that both would become one file; \
                 rename one of the two"
            )),
            None => {
                self.0.insert(stem(name).to_owned(), name.to_owned());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_folder_and_stem() {
        assert_eq!(folder_and_stem("a/b.c/d.e.wav"), ("a/b.c/", "d.e"));
        assert_eq!(folder_and_stem("x.mp3"), ("", "x"));
        assert_eq!(stem("a/b.c/d.e.wav"), "a/b.c/d.e");
    }

    #[test]
    fn the_first_has_the_name() {
        let mut stems = Stems::default();
        assert_eq!(stems.claim("a/x.flac"), None);
        assert_eq!(stems.claim("b/x.flac"), None);
        let problem = stems.claim("a/x.mp3").unwrap();
        assert!(problem.contains("`a/x.flac`"), "{problem}");
    }
}
