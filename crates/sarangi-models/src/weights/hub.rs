//! Weights by the name of a repository of the Hugging Face hub.

#[cfg(feature = "hub")]
mod cache;

use std::borrow::Cow;
use std::path::Path;

use sarangi_core::{Error, Result};

/// What such names begin with.
const SCHEME: &str = "hf:";

/// A file of a repository, as `hf:owner/name@revision:file#sha256` names it. The last three may be
/// missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HubFile<'a> {
    owner: &'a str,
    name: &'a str,
    revision: &'a str,
    file: &'a str,
    sha256: Option<&'a str>,
}

impl<'a> HubFile<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix(SCHEME)?;
        let (rest, sha256) = optional(rest, '#');
        let (rest, file) = optional(rest, ':');
        let (repository, revision) = optional(rest, '@');
        let (owner, name) = repository.split_once('/')?;
        let parsed = Self {
            owner,
            name,
            revision: revision.unwrap_or("main"),
            file: file.unwrap_or("model.safetensors"),
            sha256,
        };
        let sound = [owner, name, parsed.revision].into_iter().all(is_part)
            && parsed.file.split('/').all(is_part)
            && sha256.is_none_or(is_sha256);
        sound.then_some(parsed)
    }
}

fn optional(text: &str, before: char) -> (&str, Option<&str>) {
    match text.split_once(before) {
        Some((first, second)) => (first, Some(second)),
        None => (text, None),
    }
}

/// Whether this can be a part of a path, and of nothing else.
fn is_part(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.chars().all(known) && !text.starts_with('.')
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// Where the file of this name is: the path itself, or for `hf:…` the file of the hub, which is
/// downloaded unless it is there already.
pub(super) fn locate(path: &Path) -> Result<Cow<'_, Path>> {
    let Some(name) = path.to_str().filter(|text| text.starts_with(SCHEME)) else {
        return Ok(Cow::Borrowed(path));
    };
    let file = HubFile::parse(name).ok_or_else(|| {
        let reason = "must be of the form hf:owner/name, hf:owner/name@revision:file or \
                      hf:owner/name@revision:file#sha256";
        Error::config("weights", name, reason)
    })?;
    fetch(name, &file).map(Cow::Owned)
}

#[cfg(feature = "hub")]
fn fetch(_: &str, file: &HubFile<'_>) -> Result<std::path::PathBuf> {
    cache::Hub::of_the_user()?.fetch(file)
}

#[cfg(not(feature = "hub"))]
fn fetch(name: &str, file: &HubFile<'_>) -> Result<std::path::PathBuf> {
    let HubFile {
        owner,
        name: repository,
        file,
        ..
    } = file;
    Err(Error::Unsupported {
        what: format!(
            "to fetch `{name}` (download {file} of {owner}/{repository} and give its path instead)"
        ),
        feature: Some("hub"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let plain = HubFile::parse("hf:timm/resnet34.a1_in1k").unwrap();
        assert_eq!((plain.owner, plain.name), ("timm", "resnet34.a1_in1k"));
        assert_eq!((plain.revision, plain.file), ("main", "model.safetensors"));
        let hash = "0123456789abcdef".repeat(4);
        let text = format!("hf:a/b@v1.0:sub/c.bin#{hash}");
        let full = HubFile::parse(&text).unwrap();
        assert_eq!((full.revision, full.file), ("v1.0", "sub/c.bin"));
        assert_eq!(full.sha256, Some(hash.as_str()));
        assert!(HubFile::parse("hf:a/b:c.pth").unwrap().sha256.is_none());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "hf:",
            "hf:resnet34",
            "hf:/b",
            "hf:a/",
            "hf:a/b/c",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@../x",
            "hf:a/b:",
            "hf:a/b:../../x",
            "hf:a/b:/etc/passwd",
            "hf:a/b:c\\d",
            "hf:a/b:c?d",
            "hf:a/b#123",
        ] {
            let error = locate(Path::new(name)).unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains("hf:owner/name"),
                "{error}"
            );
        }
        let path = Path::new("some/hf:file.pth");
        assert_eq!(locate(path).unwrap(), path);
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn without_the_feature_it_is_named() {
        let name = "hf:timm/resnet34.a1_in1k";
        let error = locate(Path::new(name)).unwrap_err().to_string();
        for part in [name, "`hub`", "model.safetensors", "give its path"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
