//! A folder of music, ready to learn from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sarangi_audio::{Quarantine, ScannedFile, for_each_file, scan_folder};
use sarangi_core::{Error, Result};

use crate::{FeatureCache, FrontEnd, Item};

/// One track whose features are in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its file, relative to the corpus, with `/` between folders.
    pub path: String,
    /// Its class, an index into [`Corpus::labels`].
    pub label: usize,
    /// The digest of its file's content.
    pub content: String,
    /// Its entry in the cache.
    pub key: String,
    /// How many chunks it has.
    pub chunks: usize,
}

/// A folder with a sub-folder for each class, its tracks' features computed and cached.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The folder.
    pub root: PathBuf,
    /// The classes, sorted: the sub-folders' names.
    pub labels: Vec<String>,
    /// The usable tracks, sorted by path.
    pub tracks: Vec<Track>,
    /// The files that could not be used, and why.
    pub quarantine: Quarantine,
}

impl Corpus {
    /// Scans a folder and computes every track's features that the cache does not have yet, on all
    /// threads, one track in memory for each. A file that cannot be used is set aside and the work
    /// goes on. `progress` is called with the number of tracks done and of all.
    ///
    /// # Errors
    /// [`Error::Data`] if the folder has fewer than two classes, or a class has no usable track;
    /// [`Error::Io`] if the folder cannot be read or the cache not written.
    pub fn prepare(
        root: impl AsRef<Path>,
        front_end: &FrontEnd,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let root = root.as_ref();
        let scan = scan_folder(root)?;
        scan.check_classes()?;
        let total = scan.files.len();
        let (tracks, mut quarantine) = for_each_file(
            &scan.files,
            |file| scan.locate(file),
            |file, path| prepare_track(file, path, front_end, cache),
            |done| progress(done, total),
        )?;
        quarantine.merge(scan.problems);
        for folder in &scan.empty {
            quarantine.add(
                folder.as_str(),
                &Error::data(folder, "holds no sound files"),
            );
        }
        let tracks = without_copies(tracks, &mut quarantine);
        for (label, name) in scan.labels.iter().enumerate() {
            if !tracks.iter().any(|track| track.label == label) {
                let within = format!("{name}/");
                let example = quarantine
                    .entries()
                    .iter()
                    .find(|e| e.path.starts_with(&within));
                let example = example.map(|e| format!("; {} {}", e.path, e.reason));
                let example = example.unwrap_or_default();
                let reason = format!("class `{name}` has no usable track{example}");
                return Err(Error::data(root, reason));
            }
        }
        Ok(Self {
            root: root.to_owned(),
            labels: scan.labels,
            tracks,
            quarantine,
        })
    }

    /// The tracks of one class.
    pub fn tracks_of(&self, label: usize) -> impl Iterator<Item = usize> {
        self.tracks
            .iter()
            .enumerate()
            .filter(move |(_, t)| t.label == label)
            .map(|(i, _)| i)
    }

    /// The chunks of one track.
    pub fn items_of(&self, track: usize) -> impl Iterator<Item = Item> + use<> {
        (0..self.tracks[track].chunks).map(move |chunk| Item { track, chunk })
    }
}

/// Keeps the first track of each content: a copy, under whatever name or class, would train in one
/// part of a split and be asked again in another.
fn without_copies(tracks: Vec<Track>, quarantine: &mut Quarantine) -> Vec<Track> {
    let mut first: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut kept = Vec::with_capacity(tracks.len());
    for track in tracks {
        let Some((path, label)) = first.get(&track.content) else {
            first.insert(track.content.clone(), (track.path.clone(), track.label));
            kept.push(track);
            continue;
        };
        let reason = match *label == track.label {
            true => format!("is a copy of `{path}`"),
            false => format!("is a copy of `{path}`, of another class: one of the two is wrong"),
        };
        quarantine.add(track.path.as_str(), &Error::data(&track.path, reason));
    }
    kept
}

fn prepare_track(
    file: &ScannedFile,
    path: &Path,
    front_end: &FrontEnd,
    cache: &FeatureCache,
) -> Result<Track> {
    let content = digest(path)?;
    let key = FeatureCache::key(&content, front_end.identity());
    let chunks = match cache.chunks(&key, front_end.shape()) {
        Some(chunks) => chunks,
        None => {
            let maps = front_end.chunks(&front_end.load(path)?)?;
            cache.write(&key, &maps)?;
            maps.dim().0
        }
    };
    if chunks == 0 {
        return Err(Error::decode(path, "is too short for a single chunk"));
    }
    Ok(Track {
        path: file.path.clone(),
        label: file.label,
        content,
        key,
        chunks,
    })
}

/// The digest of a file's content, read in blocks.
fn digest(path: &Path) -> Result<String> {
    let mut hash = blake3::Hasher::new();
    let file = fs::File::open(path).map_err(|e| Error::io(path, e))?;
    hash.update_reader(file).map_err(|e| Error::io(path, e))?;
    Ok(hash.finalize().to_hex()[..32].to_owned())
}
