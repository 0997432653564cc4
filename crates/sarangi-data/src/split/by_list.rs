//! The split by lists of file names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sarangi_core::{Error, Result};

use super::{Item, Split, copies};
use crate::{Corpus, Track};

/// The names on a list: one a line, without empty lines and those that begin with `#`.
pub(super) fn read(list: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(list).map_err(|e| Error::io(list, e))?;
    let names = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

/// The list that [`read`] gives these tracks' paths of.
pub(super) fn write(corpus: &Corpus, tracks: &BTreeSet<usize>) -> Result<String> {
    let mut text = String::new();
    for &track in tracks {
        let path = corpus.tracks[track].path.as_str();
        if path != path.trim() || path.starts_with('#') || path.contains(['\n', '\r']) {
            let reason = "has a name that cannot stand on a list: rename it, so that it begins with \
                          no `#`, begins and ends with no space and has no line break";
            return Err(Error::data(corpus.root.join(path), reason));
        }
        text += path;
        text.push('\n');
    }
    Ok(text)
}

pub(super) fn split(corpus: &Corpus, lists: [(&'static str, &Vec<String>); 3]) -> Result<Split> {
    let index = Index::new(corpus);
    let fail = |list: &str, reason: String| Error::config("split", list, reason);
    let mut owner: BTreeMap<usize, &str> = BTreeMap::new();
    let mut parts: [Vec<Item>; 3] = Default::default();
    for (part, (list, names)) in parts.iter_mut().zip(lists) {
        for name in names {
            let Some(track) = index.find(name).map_err(|reason| fail(list, reason))? else {
                continue;
            };
            if let Some(other) = owner.insert(track, list) {
                let path = &corpus.tracks[track].path;
                return Err(fail(
                    list,
                    format!("`{path}` is also on the list `{other}`"),
                ));
            }
            // A copy goes where its original goes, whoever names it.
            if corpus.tracks[track].is_original() {
                part.extend(corpus.items_of(track));
            }
        }
        if part.is_empty() {
            return Err(fail(
                list,
                format!("names no track of {}", corpus.root.display()),
            ));
        }
        part.sort_unstable();
    }
    let [train, valid, test] = parts;
    let mut split = Split { train, valid, test };
    let named = lists.map(|(_, names)| names.iter().map(|name| stem(name)).collect());
    copies::follow(corpus, &mut split, |copy| {
        stray_trains(&corpus.tracks[copy], &named)
    });
    for (label, name) in corpus.labels.iter().enumerate() {
        if !split
            .train
            .iter()
            .any(|item| corpus.tracks[item.track].label == label)
        {
            let reason = format!("names no track of class `{name}`, which then cannot be learned");
            return Err(fail("train", reason));
        }
    }
    Ok(split)
}

/// Whether a copy trains whose original is not in the corpus: if the list names either, and no
/// other list does.
fn stray_trains(copy: &Track, [train, judges @ ..]: &[BTreeSet<&str>; 3]) -> bool {
    let names = [Some(copy.path.as_str()), copy.source.as_deref()];
    let on = |list: &BTreeSet<&str>| {
        let mut names = names.iter().flatten();
        names.any(|name| list.contains(stem(name)))
    };
    on(train) && !judges.iter().any(on)
}

/// The tracks by name. Lists often name another format than the files have, or none.
struct Index<'a> {
    by_path: BTreeMap<&'a str, usize>,
    by_stem: BTreeMap<&'a str, Vec<usize>>,
    corpus: &'a Corpus,
}

impl<'a> Index<'a> {
    fn new(corpus: &'a Corpus) -> Self {
        let mut by_path = BTreeMap::new();
        let mut by_stem: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (i, track) in corpus.tracks.iter().enumerate() {
            by_path.insert(track.path.as_str(), i);
            by_stem.entry(stem(&track.path)).or_default().push(i);
        }
        Self {
            by_path,
            by_stem,
            corpus,
        }
    }

    /// The track of this very name, else the one that differs in its ending alone.
    fn find(&self, name: &str) -> Result<Option<usize>, String> {
        if let Some(&track) = self.by_path.get(name) {
            return Ok(Some(track));
        }
        match self
            .by_stem
            .get(name)
            .or_else(|| self.by_stem.get(stem(name)))
            .map(Vec::as_slice)
        {
            None | Some([]) => Ok(None),
            Some(&[track]) => Ok(Some(track)),
            Some([a, b, ..]) => {
                let path = |track: &usize| &self.corpus.tracks[*track].path;
                Err(format!(
                    "`{name}` may be `{}` or `{}`; name the ending",
                    path(a),
                    path(b)
                ))
            }
        }
    }
}

/// A relative path without its ending.
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
