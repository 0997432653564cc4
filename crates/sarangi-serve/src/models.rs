//! The models of a server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use sarangi_audio::FileKind;
use sarangi_core::{Backend, Error, Result};
use sarangi_data::FrontEndSpec;
use sarangi_train::Classifier;

use crate::guard::guarded;

/// A model that answers.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The name by which it is chosen.
    pub(crate) name: String,
    pub(crate) classifier: Classifier,
    /// How often its file has been read again.
    pub(crate) revision: u64,
}

impl Loaded {
    pub(crate) fn is_of_sounds(&self) -> bool {
        self.classifier.kind() == FileKind::Sound
    }
}

/// A model file and what was last read from it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    path: PathBuf,
    backend: Backend,
    max_seconds: f64,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    loaded: Arc<Loaded>,
    /// What the file looked like when it was last tried, whether it could be read or not.
    seen: Option<Stamp>,
    /// Why the file as it is now is not the model that answers.
    fault: Option<String>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

/// What a look at a file came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Same,
    Reloaded,
    Failed(String),
}

impl Entry {
    fn load(name: String, path: &Path, backend: Backend, max_seconds: f64) -> Result<Self> {
        // Before it is read: what changes meanwhile is then read once more.
        let seen = Stamp::of(path);
        let classifier = load(path, backend, max_seconds)?;
        let loaded = Loaded {
            name: name.clone(),
            classifier,
            revision: 0,
        };
        let current = Current {
            loaded: Arc::new(loaded),
            seen,
            fault: None,
        };
        Ok(Self {
            name,
            path: path.to_owned(),
            backend,
            max_seconds,
            current: RwLock::new(current),
        })
    }

    /// The model that answers now.
    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.loaded)
    }

    /// Why the file cannot be read as it is now, if so.
    pub(crate) fn fault(&self) -> Option<String> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.fault.clone()
    }

    /// Reads the file again if it has changed since it was last tried. Requests under way keep the
    /// model that they began with; a file that cannot be read changes nothing.
    pub(crate) fn look(&self) -> Looked {
        let stamp = Stamp::of(&self.path);
        let (seen, revision) = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            (current.seen, current.loaded.revision)
        };
        if stamp == seen {
            return Looked::Same;
        }
        // Outside the lock: reading may take long.
        let outcome = load(&self.path, self.backend, self.max_seconds);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.seen = stamp;
        match outcome {
            Ok(classifier) => {
                current.fault = None;
                current.loaded = Arc::new(Loaded {
                    name: self.name.clone(),
                    classifier,
                    revision: revision + 1,
                });
                Looked::Reloaded
            }
            Err(error) => {
                let reason = error.to_string();
                current.fault = Some(reason.clone());
                Looked::Failed(reason)
            }
        }
    }
}

impl Stamp {
    /// `None` of a file that is not there.
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self {
            modified: about.modified().ok(),
            bytes: about.len(),
        })
    }
}

fn load(path: &Path, backend: Backend, max_seconds: f64) -> Result<Classifier> {
    let read = guarded(|| Classifier::load(path, backend));
    let classifier = read.map_err(|panic| Error::checkpoint(path, panic))??;
    let seconds = match &classifier.card().recipe.front_end {
        FrontEndSpec::Sound(spec) => max_seconds.min(spec.max_seconds),
        FrontEndSpec::Picture(_) => max_seconds,
    };
    Ok(classifier.with_max_seconds(seconds))
}

/// All models of a server, the default one first.
#[derive(Debug)]
pub(crate) struct Models(Vec<Entry>);

impl Models {
    pub(crate) fn load(paths: &[PathBuf], backend: Backend, max_seconds: f64) -> Result<Self> {
        if paths.is_empty() {
            let reason = "name at least one model file";
            return Err(Error::config("serve", "models", reason));
        }
        let mut taken = BTreeSet::new();
        let entries = paths.iter().map(|path| {
            let name = free_name(path, &mut taken);
            Entry::load(name, path, backend, max_seconds)
        });
        Ok(Self(entries.collect::<Result<_>>()?))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.name.as_str()).collect()
    }

    /// A model by its name, or the first.
    pub(crate) fn choose(&self, name: Option<&str>) -> Option<Arc<Loaded>> {
        let named = |entry: &&Entry| name.is_none_or(|name| name == entry.name);
        self.0.iter().find(named).map(Entry::loaded)
    }
}

/// A name for a model file that no other has: the file's own, or of `run/model.safetensors` the
/// folder's, since every run calls its model so.
fn free_name(path: &Path, taken: &mut BTreeSet<String>) -> String {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = text(path.file_stem()).unwrap_or_default();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = text(absolute.parent().and_then(Path::file_name));
    let base = match (stem.as_str(), folder) {
        ("model" | "last", Some(folder)) => folder,
        ("", _) => "model".to_owned(),
        _ => stem,
    };
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    let name = std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or(base);
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut taken = BTreeSet::new();
        let mut name = |path: &str| free_name(Path::new(path), &mut taken);
        assert_eq!(name("runs/first/model.safetensors"), "first");
        assert_eq!(name("runs/second/model.safetensors"), "second");
        assert_eq!(name("other/second/model.safetensors"), "second-2");
        assert_eq!(name("genres.safetensors"), "genres");
        assert_eq!(name("genres.safetensors"), "genres-2");
    }

    #[test]
    fn a_server_without_models_is_refused() {
        let error = Models::load(&[], Backend::Cpu, 1.0).unwrap_err();
        assert!(error.to_string().contains("at least one model file"));
    }
}
