//! The split by lists of file names.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sarangi_core::{Error, Result};

use super::{Item, Split};
use crate::Corpus;

pub(super) fn split(corpus: &Corpus, lists: [&PathBuf; 3]) -> Result<Split> {
    let tracks: BTreeMap<&str, usize> = corpus
        .tracks
        .iter()
        .enumerate()
        .map(|(i, track)| (stem(&track.path), i))
        .collect();
    let mut owner: BTreeMap<usize, &PathBuf> = BTreeMap::new();
    let mut parts: [Vec<Item>; 3] = Default::default();
    for (part, list) in parts.iter_mut().zip(lists) {
        let text = fs::read_to_string(list).map_err(|e| Error::io(list, e))?;
        let names = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'));
        for &track in names.filter_map(|name| tracks.get(stem(name))) {
            if let Some(other) = owner.insert(track, list) {
                let reason = format!(
                    "`{}` is also on {}",
                    corpus.tracks[track].path,
                    other.display()
                );
                return Err(Error::data(list, reason));
            }
            part.extend(corpus.items_of(track));
        }
        if part.is_empty() {
            let reason = format!("names no track of {}", corpus.root.display());
            return Err(Error::data(list, reason));
        }
        part.sort_unstable();
    }
    let [train, valid, test] = parts;
    for (label, name) in corpus.labels.iter().enumerate() {
        if !train
            .iter()
            .any(|item| corpus.tracks[item.track].label == label)
        {
            let reason = format!("names no track of class `{name}`, which then cannot be learned");
            return Err(Error::data(lists[0], reason));
        }
    }
    Ok(Split { train, valid, test })
}

/// A relative path without its ending: lists often name another format than the files have.
fn stem(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].rfind('.') {
        Some(dot) if dot > 0 => &path[..name + dot],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn only_the_last_ending_is_dropped() {
        assert_eq!(stem("jazz/jazz.00012.wav"), "jazz/jazz.00012");
        assert_eq!(stem("a.b/track"), "a.b/track");
        assert_eq!(stem("a/.hidden"), "a/.hidden");
    }
}
