//! The hub's files on this machine, and those that are not yet.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Cache, Repo, RepoType};
use sarangi_core::{Error, Result, write_atomically};
use sha2::{Digest, Sha256};

use super::{HubFile, is_sha256};

/// Where files come from if `HF_ENDPOINT` names no other place.
const ENDPOINT: &str = "https://huggingface.co";

/// The hub and the folder that keeps its files, laid out as every program of the hub does.
#[derive(Debug)]
pub(super) struct Hub {
    folder: PathBuf,
    endpoint: String,
}

impl Hub {
    /// The folder `HF_HUB_CACHE`, or `hub` under `HF_HOME` or under the one in the user's home.
    pub(super) fn of_the_user() -> Result<Self> {
        // What is set to nothing is not set.
        Self::of(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let home = || match variable("HF_HOME") {
            Some(home) => Some(PathBuf::from(home)),
            None => std::env::home_dir().map(|home| home.join(".cache/huggingface")),
        };
        let folder = match variable("HF_HUB_CACHE") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => home().map(|home| home.join("hub")),
        };
        let folder = folder.ok_or_else(|| {
            let reason = "there is no home folder to keep files in; set it";
            Error::config("hub", "HF_HOME", reason)
        })?;
        let endpoint = variable("HF_ENDPOINT").and_then(|endpoint| endpoint.into_string().ok());
        let endpoint = endpoint.unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { folder, endpoint })
    }

    /// The path of the file, downloaded if it is not there, its hash checked.
    pub(super) fn fetch(&self, file: &HubFile<'_>) -> Result<PathBuf> {
        let placed = self.placed(file);
        let path = if placed.exists() {
            placed
        } else {
            let cache = Cache::new(self.folder.clone());
            match cache.repo(repository(file)).get(file.file) {
                Some(path) => path,
                None => self.download(cache, file)?,
            }
        };
        check(&path, file.sha256)?;
        Ok(path)
    }

    /// Where a file is looked for first: somebody without a network puts it there.
    fn placed(&self, file: &HubFile<'_>) -> PathBuf {
        let HubFile {
            owner,
            name,
            revision,
            ..
        } = file;
        let folder = self.folder.join("sarangi").join(owner).join(name);
        folder.join(revision).join(file.file)
    }

    fn download(&self, cache: Cache, file: &HubFile<'_>) -> Result<PathBuf> {
        let builder = ApiBuilder::from_cache(cache)
            .with_progress(false)
            .with_endpoint(self.endpoint.clone());
        let found = builder
            .build()
            .and_then(|api| api.repo(repository(file)).get(file.file));
        found.map_err(|e| {
            let HubFile {
                owner,
                name,
                revision,
                ..
            } = file;
            let placed = self.placed(file);
            let reason = format!(
                "is not on this machine and cannot be downloaded ({e}); fetch \
                 {}/{owner}/{name}/resolve/{revision}/{} and put it there",
                self.endpoint, file.file
            );
            Error::checkpoint(placed, reason)
        })
    }
}

fn repository(file: &HubFile<'_>) -> Repo {
    let id = format!("{}/{}", file.owner, file.name);
    Repo::with_revision(id, RepoType::Model, file.revision.to_owned())
}

/// Holds the file against the hash that was asked for, against its own name, since the hub keeps
/// large files under their SHA-256, and else against what it was when it was first used, which is
/// noted beside it.
fn check(path: &Path, wanted: Option<&str>) -> Result<()> {
    let whole = path.canonicalize().map_err(|e| Error::io(path, e))?;
    let found = sha256(&whole).map_err(|e| Error::io(path, e))?;
    let hold = |expected: &str, to_do: &str| match expected.eq_ignore_ascii_case(&found) {
        true => Ok(()),
        false => {
            let reason = format!(
                "its SHA-256 is {found} instead of {expected}: it is damaged or another file; \
                 {to_do}"
            );
            Err(Error::checkpoint(path, reason))
        }
    };
    if let Some(wanted) = wanted {
        hold(wanted, "delete it")?;
    }
    let named = whole.file_name().and_then(|name| name.to_str());
    if let Some(named) = named.filter(|name| is_sha256(name)) {
        return hold(named, "delete it");
    }
    let note = note(path);
    match fs::read_to_string(&note) {
        Ok(text) if is_sha256(text.trim()) => {
            let note = note.display();
            hold(
                text.trim(),
                &format!("delete it and {note}, or {note} alone if you put it there"),
            )
        }
        // A folder that cannot be written has no notes.
        _ => {
            let _ = write_atomically(&note, |out| {
                writeln!(out, "{found}").map_err(|e| Error::io(&note, e))
            });
            Ok(())
        }
    }
}

/// Where the file's SHA-256 is noted.
fn note(path: &Path) -> PathBuf {
    let mut note = path.as_os_str().to_owned();
    note.push(".sha256");
    note.into()
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = [0u8; 1 << 14];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    let bytes = digest.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of `abc` (FIPS 180-2, appendix B.1).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// A hub that nobody answers for.
    fn hub(folder: &Path) -> Hub {
        Hub {
            folder: folder.join("hub"),
            endpoint: "http://127.0.0.1:1".to_owned(),
        }
    }

    fn file(text: &str) -> HubFile<'_> {
        HubFile::parse(text).unwrap()
    }

    fn write(path: PathBuf, content: &str) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn without_a_network_it_says_which_file_to_put_where() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        let wanted = file("hf:timm/resnet34.a1_in1k");
        let error = hub.fetch(&wanted).unwrap_err().to_string();
        let place = folder
            .path()
            .join("hub/sarangi/timm/resnet34.a1_in1k/main/model.safetensors");
        let from = "http://127.0.0.1:1/timm/resnet34.a1_in1k/resolve/main/model.safetensors";
        for part in [&place.display().to_string(), from] {
            assert!(error.contains(part), "{error}");
        }
        write(place.clone(), "abc");
        assert_eq!(hub.fetch(&wanted).unwrap(), place);
        let right = format!("hf:timm/resnet34.a1_in1k#{}", ABC.to_uppercase());
        assert_eq!(hub.fetch(&file(&right)).unwrap(), place);
        let wrong = format!("hf:timm/resnet34.a1_in1k#{}", "0".repeat(64));
        let error = hub.fetch(&file(&wrong)).unwrap_err().to_string();
        assert!(error.contains(ABC) && error.contains("delete"), "{error}");
    }

    #[test]
    fn what_changes_after_its_first_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        let root = folder.path().join("hub");
        let placed = root.join("sarangi/timm/net/main/model.safetensors");
        // As on a system without links: the file itself, under its own name.
        let cached = root.join("models--timm--other/snapshots/c0ffee/model.safetensors");
        write(root.join("models--timm--other/refs/main"), "c0ffee");
        for (name, path) in [("hf:timm/net", placed), ("hf:timm/other", cached)] {
            write(path.clone(), "abc");
            for _ in 0..2 {
                assert_eq!(hub.fetch(&file(name)).unwrap(), path);
            }
            fs::write(&path, "abd").unwrap();
            let error = hub.fetch(&file(name)).unwrap_err().to_string();
            for part in [ABC, "model.safetensors.sha256", "delete"] {
                assert!(error.contains(part), "{error}");
            }
            fs::remove_file(note(&path)).unwrap();
            assert_eq!(hub.fetch(&file(name)).unwrap(), path);
        }
    }

    #[test]
    fn the_hubs_own_variables_say_where() {
        let of = |variables: &[(&str, &str)]| {
            Hub::of(|name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| value.into())
            })
            .unwrap()
        };
        let plain = of(&[("HF_HOME", "/a")]);
        assert_eq!(plain.folder, Path::new("/a/hub"));
        assert_eq!(plain.endpoint, ENDPOINT);
        let both = of(&[
            ("HF_HOME", "/a"),
            ("HF_HUB_CACHE", "/b"),
            ("HF_ENDPOINT", "http://mirror/"),
        ]);
        assert_eq!(both.folder, Path::new("/b"));
        assert_eq!(both.endpoint, "http://mirror");
    }

    #[cfg(unix)]
    #[test]
    fn what_other_programs_have_downloaded_is_used_if_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        let root = folder.path().join("hub/models--timm--net");
        let blob = write(root.join("blobs").join(ABC), "abc");
        write(root.join("refs/main"), "c0ffee");
        let pointer = root.join("snapshots/c0ffee/model.safetensors");
        fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(format!("../../blobs/{ABC}"), &pointer).unwrap();
        assert_eq!(hub.fetch(&file("hf:timm/net")).unwrap(), pointer);
        assert!(hub.fetch(&file("hf:timm/net@v2")).is_err());
        fs::write(blob, "abd").unwrap();
        let error = hub.fetch(&file("hf:timm/net")).unwrap_err().to_string();
        assert!(error.contains("SHA-256"), "{error}");
    }
}
