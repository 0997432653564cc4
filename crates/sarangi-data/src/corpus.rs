//! A data set, ready to learn from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sarangi_audio::{FileKind, Quarantine, for_each_file_among};
use sarangi_core::{Alone, Communicator, Error, Result};

use crate::augmented_copy::Sources;
use crate::{
    FeatureCache, Fingerprint, FrontEnd, Item, Listed, ListedFile, Listing, content_digest,
};

/// One track whose features are in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its file, relative to the corpus, with `/` between folders.
    pub path: String,
    /// Its class, an index into [`Corpus::labels`].
    pub label: usize,
    /// The digest of its file's content.
    pub content: String,
    /// Its entry in the cache; empty if its features were not asked for.
    pub key: String,
    /// How many chunks it has.
    pub chunks: usize,
    /// If it is an augmented copy, the path of what it was made of, in the corpus or not: they are
    /// one group, of which the splits let no part train if another judges.
    pub source: Option<String>,
    /// What a manifest says of it.
    pub listed: Listed,
}

impl Track {
    /// Whether it was recorded, not made of another track by augmentation.
    pub fn is_original(&self) -> bool {
        self.source.is_none()
    }
}

/// A data set, its tracks' features computed and cached.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The folder that the tracks' paths are relative to.
    pub root: PathBuf,
    /// The classes, sorted.
    pub labels: Vec<String>,
    /// The usable tracks, sorted by class, then by path.
    pub tracks: Vec<Track>,
    /// The files that could not be used, and why.
    pub quarantine: Quarantine,
}

impl Corpus {
    /// Lists a data set ([`Listing`]: a folder or a manifest) and computes every track's features that
    /// the cache does not have yet, on all threads, one track in memory for each. A file that cannot
    /// be used is set aside and the work goes on. `progress` is called with the number of tracks done
    /// and of all.
    ///
    /// If the folder has a list of [augmented copies](crate::AugmentedCopy), the tracks on it know
    /// their source.
    ///
    /// # Errors
    /// [`Error::Data`] if the folder has fewer than two classes, or a class has no usable track,
    /// or if the list of copies makes no sense; [`Error::Io`] if the folder cannot be read or the cache not written.
    pub fn prepare(
        data: impl AsRef<Path>,
        front_end: &FrontEnd,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        Self::prepare_among(&Alone, data, front_end, cache, progress)
    }

    /// As [`prepare`](Self::prepare), each rank doing a part of the work, which all know of when it
    /// returns: the cache must be in a folder that all ranks see. `progress` takes the others to be as far as this one.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::Cluster`] if a rank has ended.
    pub fn prepare_among(
        ranks: &dyn Communicator,
        data: impl AsRef<Path>,
        front_end: &FrontEnd,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let work = |file: &ListedFile, path: &Path| prepare_track(file, path, front_end, cache);
        Self::gather(ranks, data.as_ref(), front_end.kind(), work, progress)
    }

    /// Lists a data set as [`prepare`](Self::prepare) does, without reading what is in the files: each
    /// track has its content's digest, one chunk and no features, which is enough to draw a split.
    ///
    /// Files that cannot be decoded are tracks here and none there, so that a split may differ.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn listed(
        data: impl AsRef<Path>,
        kind: FileKind,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let work = |file: &ListedFile, path: &Path| {
            Ok(track(file, content_digest(path)?, String::new(), 1))
        };
        Self::gather(&Alone, data.as_ref(), kind, work, progress)
    }

    /// The tracks that `work` makes of the files.
    fn gather(
        ranks: &dyn Communicator,
        data: &Path,
        kind: FileKind,
        work: impl Fn(&ListedFile, &Path) -> Result<Track> + Sync,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let listing = Listing::read(data, kind)?;
        let sources = Sources::read(&listing.root)?;
        let total = listing.files.len();
        let files: Vec<_> = listing.files.iter().enumerate().collect();
        // What the listing says of a file all ranks know.
        let (found, mut quarantine) = for_each_file_among(
            ranks,
            &files,
            |(_, file)| listing.locate(file),
            |(number, file), path| {
                let track = work(file, path)?;
                Ok((*number, track.content, track.key, track.chunks))
            },
            |done| progress(done, total),
        )?;
        let of_file = |(number, content, key, chunks): (usize, String, String, usize)| {
            let missing = || Error::data(data, "is not the same on all ranks");
            let file = listing.files.get(number).ok_or_else(missing)?;
            Ok(track(file, content, key, chunks))
        };
        let tracks = found.into_iter().map(of_file).collect::<Result<_>>()?;
        quarantine.merge(listing.problems);
        let tracks = with_sources(tracks, &sources);
        let mut tracks = without_duplicates(tracks, &mut quarantine);
        find_originals(&mut tracks, &sources);
        for (label, name) in listing.labels.iter().enumerate() {
            if !tracks.iter().any(|track| track.label == label) {
                let within = format!("{name}/");
                let example = quarantine
                    .entries()
                    .iter()
                    .find(|e| e.path.starts_with(&within));
                let example = example.map(|e| format!("; {} {}", e.path, e.reason));
                let example = example.unwrap_or_default();
                let reason = format!("class `{name}` has no usable track{example}");
                return Err(Error::data(data, reason));
            }
        }
        Ok(Self {
            root: listing.root,
            labels: listing.labels,
            tracks,
            quarantine,
        })
    }

    /// The fingerprint of every track, from the cache or, if it has none, from the file.
    ///
    /// # Errors
    /// Whatever keeps a file from being read; [`Error::Io`] if the cache cannot be read or written.
    pub fn fingerprints(
        &self,
        front_end: &FrontEnd,
        cache: &FeatureCache,
    ) -> Result<Vec<Fingerprint>> {
        let of_track = |track: &Track| {
            let key = FeatureCache::key(&track.content, &front_end.fingerprint_identity());
            if let Some(print) = cache.fingerprint(&key, front_end.kind())? {
                return Ok(print);
            }
            let print = front_end.fingerprint(self.root.join(&track.path))?;
            cache.write_fingerprint(&key, &print)?;
            Ok(print)
        };
        self.tracks.par_iter().map(of_track).collect()
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

/// The tracks, those that are augmented copies with the source that the list names.
fn with_sources(mut tracks: Vec<Track>, sources: &Sources) -> Vec<Track> {
    for track in &mut tracks {
        track.source = sources.of(&track.path).map(|(path, _)| path.to_owned());
    }
    tracks
}

/// Names each copy's source by the path that it has in the corpus: its content tells which it is,
/// even if it has got another name or if it stood there twice.
fn find_originals(tracks: &mut [Track], sources: &Sources) {
    let originals: BTreeMap<String, String> = tracks
        .iter()
        .filter(|track| track.is_original())
        .map(|track| (track.content.clone(), track.path.clone()))
        .collect();
    for track in tracks {
        let digest = sources.of(&track.path).map(|(_, digest)| digest);
        if let Some(path) = digest.and_then(|digest| originals.get(digest)) {
            track.source = Some(path.clone());
        }
    }
}

/// Keeps the first track of each content, an original before augmented copies that changed nothing:
/// a duplicate, under whatever name or class, would train in one part of a split and be asked again
/// in another.
fn without_duplicates(tracks: Vec<Track>, quarantine: &mut Quarantine) -> Vec<Track> {
    let mut first: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for originals in [true, false] {
        for track in tracks.iter().filter(|t| t.is_original() == originals) {
            first
                .entry(track.content.clone())
                .or_insert_with(|| (track.path.clone(), track.label));
        }
    }
    let mut kept = Vec::with_capacity(tracks.len());
    for track in tracks {
        let (path, label) = &first[&track.content];
        if *path == track.path {
            kept.push(track);
            continue;
        }
        let reason = match *label == track.label {
            true => format!("is a copy of `{path}`"),
            false => format!("is a copy of `{path}`, of another class: one of the two is wrong"),
        };
        quarantine.add(track.path.as_str(), &Error::data(&track.path, reason));
    }
    kept
}

fn prepare_track(
    file: &ListedFile,
    path: &Path,
    front_end: &FrontEnd,
    cache: &FeatureCache,
) -> Result<Track> {
    let content = content_digest(path)?;
    let key = FeatureCache::key(&content, front_end.identity());
    let chunks = match cache.chunks(&key, front_end.shape()) {
        Some(chunks) => chunks,
        None => {
            let (maps, print) = front_end.maps_and_fingerprint(path)?;
            cache.write(&key, &maps)?;
            let key = FeatureCache::key(&content, &front_end.fingerprint_identity());
            cache.write_fingerprint(&key, &print)?;
            maps.dim().0
        }
    };
    if chunks == 0 {
        return Err(Error::decode(path, "is too short for a single chunk"));
    }
    Ok(track(file, content, key, chunks))
}

fn track(file: &ListedFile, content: String, key: String, chunks: usize) -> Track {
    Track {
        path: file.path.clone(),
        label: file.label,
        content,
        key,
        chunks,
        source: None,
        listed: file.listed.clone(),
    }
}
