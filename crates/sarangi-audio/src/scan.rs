//! A folder of sub-folders of sounds or pictures: one sub-folder per class.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::walk::walk;
use crate::{FileKind, Quarantine};

/// One file of a [`Scan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannedFile {
    /// Its path below the scanned folder, with `/` between the parts on every system.
    pub path: String,
    /// Its class, as an index into [`Scan::labels`].
    pub label: usize,
}

/// The classes and files of a folder, in an order that is the same on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// The folder.
    pub root: PathBuf,
    /// What was looked for.
    pub kind: FileKind,
    /// The names of the sub-folders that hold such files, sorted by their bytes.
    pub labels: Vec<String>,
    /// The files, sorted by the bytes of their paths within each label.
    pub files: Vec<ScannedFile>,
    /// How many other files there are: hidden, outside a sub-folder, or not of this kind. Those
    /// in hidden folders are not counted.
    pub ignored: usize,
    /// Sub-folders without such a file that could be listed.
    pub empty: Vec<String>,
    /// What could not be listed, and why: files whose names are not UTF-8 (given here with
    /// replacement characters), and sub-folders that cannot be read. To be merged into the list of
    /// files that could not be used; [`verify`](crate::verify) and
    /// [`for_each_decoded`](crate::for_each_decoded) do so.
    pub problems: Quarantine,
}

impl Scan {
    /// Where a file of the scan lies.
    pub fn path(&self, file: &ScannedFile) -> PathBuf {
        self.root.join(&file.path)
    }

    /// A file's name in lists and its path, for [`for_each_file`](crate::for_each_file).
    pub fn locate(&self, file: &ScannedFile) -> (String, PathBuf) {
        (file.path.clone(), self.path(file))
    }

    /// How many files each label has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for file in &self.files {
            if let Some(count) = counts.get_mut(file.label) {
                *count += 1;
            }
        }
        counts
    }

    /// Checks that there is something to tell apart.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than two labels.
    pub fn check_classes(&self) -> Result<()> {
        match self.labels.as_slice() {
            [_, _, ..] => Ok(()),
            [only] => Err(Error::data(
                &self.root,
                format!(
                    "has one class only, `{only}`; put the {}s of each class into a sub-folder of its own",
                    self.kind.noun()
                ),
            )),
            [] => Err(nothing_found(&self.root, self.kind)),
        }
    }
}

/// Finds the sound files of a folder; the names of its immediate sub-folders are the labels.
///
/// Files count as sound by the ending of their name (`wav`, `mp3`, `flac`, `ogg`, `au`, `m4a`,
/// `mp4`, `mkv` and their like), in sub-folders of any depth. Those of formats that cannot be read
/// (`opus`, `wma`, `aiff`, `ape` and their like) are listed too, so that decoding says so of each.
/// Hidden files and folders are left out. Symbolic links are followed; one that leads back to a
/// folder above itself is left out. What cannot be listed is one of the scan's
/// [`problems`](Scan::problems) and stops nothing.
///
/// # Errors
/// [`Error::Io`] if the folder itself cannot be read. [`Error::Data`] if no sub-folder holds a
/// sound file.
pub fn scan_folder(root: impl AsRef<Path>) -> Result<Scan> {
    scan_folder_for(root, FileKind::Sound)
}

/// Finds the files of one kind in a folder; all else as [`scan_folder`].
///
/// # Errors
/// As [`scan_folder`].
pub fn scan_folder_for(root: impl AsRef<Path>, kind: FileKind) -> Result<Scan> {
    let root = root.as_ref();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ignored = 0;
    let mut problems = Quarantine::default();
    for place in walk(root, kind) {
        let place = match place {
            Ok(place) => place,
            Err(Error::Io { path, source }) if path != root => {
                problems.add(slashed(below(&path, root)), &Error::io(&path, source));
                continue;
            }
            Err(error) => return Err(error),
        };
        match place.depth {
            0 if !place.is_folder => return Err(Error::data(root, "is not a folder")),
            0 => continue,
            1 if !place.is_folder => {
                ignored += 1;
                continue;
            }
            _ => {}
        }
        let below = below(&place.path, root);
        // The folder of a class, unless no label can bear its name.
        let label = below.iter().next().and_then(OsStr::to_str);
        if place.is_folder {
            if let Some(label) = label {
                found.entry(label.to_owned()).or_default();
            }
        } else if !place.is_wanted {
            ignored += 1;
        } else if let (Some(label), Some(_)) = (label, below.to_str()) {
            found
                .entry(label.to_owned())
                .or_default()
                .push(slashed(below));
        } else {
            let reason = "its name is not UTF-8; rename it";
            problems.add(slashed(below), &Error::data(&place.path, reason));
        }
    }
    let mut scan = Scan {
        root: root.to_owned(),
        kind,
        labels: Vec::new(),
        files: Vec::new(),
        ignored,
        empty: Vec::new(),
        problems,
    };
    for (label, mut paths) in found {
        if paths.is_empty() {
            scan.empty.push(label);
            continue;
        }
        paths.sort_unstable();
        let index = scan.labels.len();
        scan.files.extend(
            paths
                .into_iter()
                .map(|path| ScannedFile { path, label: index }),
        );
        scan.labels.push(label);
    }
    match (scan.files.as_slice(), scan.problems.entries()) {
        ([], []) => Err(nothing_found(root, kind)),
        ([], [first, ..]) => Err(Error::data(
            root,
            format!(
                "has no {} files in sub-folders that can be listed; the first that cannot, `{}`: {}",
                kind.noun(),
                first.path,
                first.reason
            ),
        )),
        _ => Ok(scan),
    }
}

/// Finds the sound files of a folder without regard to labels: those that [`scan_folder`] would
/// find, and those directly in the folder, sorted by their paths. There may be none.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read.
pub fn audio_files(root: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    files_of(root, FileKind::Sound)
}

/// Finds the files of one kind in a folder; all else as [`audio_files`].
///
/// # Errors
/// As [`audio_files`].
pub fn files_of(root: impl AsRef<Path>, kind: FileKind) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for place in walk(root.as_ref(), kind) {
        let place = place?;
        if place.is_wanted {
            files.push(place.path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// A path without the root, from which the walk began.
fn below<'a>(path: &'a Path, root: &Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// A path as text, with `/` between its parts; what is not UTF-8 is replaced.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    parts.join("/")
}

fn nothing_found(root: &Path, kind: FileKind) -> Error {
    let noun = kind.noun();
    let reason = format!(
        "has no {noun} files in sub-folders; put the {noun}s of each class into a sub-folder that bears its name"
    );
    Error::data(root, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        root
    }

    #[test]
    fn files_are_found_at_every_depth() {
        let root = tree(&[
            "b.mp3",
            "a/z.wav",
            "a/deep/er.OGG",
            "notes.txt",
            ".hid.wav",
            ".h/x.wav",
        ]);
        let files = audio_files(root.path()).unwrap();
        let want = ["a/deep/er.OGG", "a/z.wav", "b.mp3"].map(|file| root.path().join(file));
        assert_eq!(files, want);
        assert!(audio_files(root.path().join("none")).is_err());
    }

    #[test]
    fn labels_and_files_come_sorted_and_the_rest_is_counted() {
        let root = tree(&[
            "rock/b.wav",
            "rock/cd1/a.MP3",
            "rock/a.wav",
            "rock/notes.txt",
            "rock/.hidden.wav",
            ".trash/c.wav",
            "Zydeco/x.au",
            "loose.wav",
            "pictures/cover.png",
        ]);
        let scan = scan_folder(root.path()).unwrap();
        assert_eq!(scan.labels, ["Zydeco", "rock"]);
        let files: Vec<_> = scan
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.label))
            .collect();
        assert_eq!(
            files,
            [
                ("Zydeco/x.au", 0),
                ("rock/a.wav", 1),
                ("rock/b.wav", 1),
                ("rock/cd1/a.MP3", 1)
            ]
        );
        assert_eq!(scan.ignored, 4);
        assert_eq!(scan.empty, ["pictures"]);
        assert_eq!(scan.counts(), [1, 3]);
        assert!(scan.path(&scan.files[3]).is_file());
        assert!(scan.check_classes().is_ok());
    }

    #[test]
    fn what_cannot_be_trained_on_says_why() {
        let one = tree(&["only/a.wav"]);
        let scan = scan_folder(one.path()).unwrap();
        let error = scan.check_classes().unwrap_err().to_string();
        assert!(error.contains("one class only, `only`"), "{error}");
        for root in [tree(&[]), tree(&["a.wav"]), tree(&["a/b.txt"])] {
            let error = scan_folder(root.path()).unwrap_err().to_string();
            assert!(error.contains("no sound files in sub-folders"), "{error}");
        }
        assert!(scan_folder(one.path().join("none")).is_err());
        assert!(scan_folder(one.path().join("only/a.wav")).is_err());
    }

    #[test]
    fn sound_that_cannot_be_read_is_listed_all_the_same() {
        let root = tree(&[
            "a/x.wav", "b/y.opus", "b/z.AIFF", "c/w.wma", "d/v.ape", "d/u.mpc",
        ]);
        let scan = scan_folder(root.path()).unwrap();
        assert_eq!(scan.labels, ["a", "b", "c", "d"]);
        assert_eq!(scan.counts(), [1, 2, 1, 2]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_text_is_a_problem_of_that_sound_only() {
        use std::os::unix::ffi::OsStrExt;
        let root = tree(&["a/x.wav", "b/y.wav"]);
        let odd = |name: &[u8]| root.path().join(OsStr::from_bytes(name));
        fs::create_dir(odd(b"\xff")).unwrap();
        fs::create_dir(odd(b"empty\xff")).unwrap();
        for name in [
            &b"a/\xff.txt"[..],
            b"\xff.wav",
            b"b/n\xff.wav",
            b"\xff/z.wav",
        ] {
            fs::write(odd(name), b"x").unwrap();
        }
        let scan = scan_folder(root.path()).unwrap();
        assert_eq!((scan.files.len(), scan.ignored), (2, 2));
        let problems: Vec<_> = scan
            .problems
            .entries()
            .iter()
            .map(|p| p.path.as_str())
            .collect();
        assert_eq!(problems, ["b/n\u{fffd}.wav", "\u{fffd}/z.wav"]);
        assert!(scan.problems.entries()[0].reason.contains("not UTF-8"));

        fs::remove_file(root.path().join("a/x.wav")).unwrap();
        fs::remove_file(root.path().join("b/y.wav")).unwrap();
        let error = scan_folder(root.path()).unwrap_err().to_string();
        assert!(
            error.contains("`b/n\u{fffd}.wav`: its name is not UTF-8"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_may_not_be_read_is_a_problem_of_its_own() {
        use std::os::unix::fs::PermissionsExt;
        let root = tree(&["a/x.wav", "a/deep/z.wav", "b/y.wav"]);
        let deep = root.path().join("a/deep");
        let allow = |mode| fs::set_permissions(&deep, fs::Permissions::from_mode(mode)).unwrap();
        allow(0o000);
        let (unreadable, scan) = (fs::read_dir(&deep).is_err(), scan_folder(root.path()));
        allow(0o755);
        let scan = scan.unwrap();
        // Whoever runs the tests as root may read everything.
        assert_eq!(scan.files.len(), if unreadable { 2 } else { 3 });
        assert_eq!(scan.problems.contains("a/deep"), unreadable);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        let root = tree(&["a/x.wav", "b/y.wav"]);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink(root.path().join("b"), root.path().join("c")).unwrap();
        let scan = scan_folder(root.path()).unwrap();
        assert_eq!(scan.labels, ["a", "b", "c"]);
        assert_eq!(scan.files.len(), 3);
    }
}
