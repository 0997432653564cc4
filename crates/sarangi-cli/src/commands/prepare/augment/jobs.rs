//! Which copies are made of which file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sarangi::core::{Result, Rng};
use sarangi::prelude::Seed;

use super::policy::Policy;

/// How many copies there are to be, and what they are drawn from.
pub(super) struct Wanted {
    /// Of each file.
    pub(super) copies: usize,
    /// More in each folder, of files drawn from it.
    pub(super) extra: usize,
    /// Whether the originals of what is changed are wanted, too.
    pub(super) originals: bool,
    pub(super) seed: Seed,
}

/// One file's work.
pub(super) struct Job {
    /// The file's path below the folder, with `/` between the parts.
    pub(super) name: String,
    pub(super) input: PathBuf,
    /// The first folder below the folder that is augmented.
    pub(super) class: String,
    pub(super) copies: Vec<Copy>,
    /// Whether the file itself is wanted in the folder of the copies.
    pub(super) keep: bool,
    /// Why nothing can be made of it.
    pub(super) problem: Option<&'static str>,
}

/// A copy that is to be made.
pub(super) struct Copy {
    /// Its path below the folder of the copies, with `/` between the parts.
    pub(super) file: String,
    seed: Seed,
    epoch: u64,
}

impl Job {
    pub(super) fn leaves_as_it_is(&self) -> bool {
        self.copies.is_empty() && self.problem.is_none()
    }

    fn add(&mut self, copy: Copy, taken: &mut BTreeSet<String>) {
        if !taken.insert(copy.file.clone()) {
            self.problem = Some("a copy of it would have the name of another file; rename it");
        }
        self.copies.push(copy);
    }
}

impl Copy {
    /// What it is drawn from: it depends on the seed and on names alone, not on what else there is.
    pub(super) fn rng(&self) -> Rng {
        self.seed.rng(self.epoch, 0)
    }
}

pub(super) fn jobs(
    files: &[PathBuf],
    input: &Path,
    policy: &Policy,
    wanted: &Wanted,
) -> Result<Vec<Job>> {
    let mut jobs: Vec<Job> = files.iter().map(|file| job(file, input)).collect();
    let classes: BTreeSet<&str> = jobs.iter().map(|job| job.class.as_str()).collect();
    let classes: Vec<&str> = classes
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    policy.check_classes(&classes)?;
    let mut taken = BTreeSet::new();
    for job in &mut jobs {
        let changed = policy.of(&job.class).is_some();
        job.keep = wanted.originals || !changed;
        if job.keep {
            taken.insert(job.name.clone());
        }
    }
    let mut folders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, job) in jobs.iter_mut().enumerate() {
        if job.problem.is_some() || policy.of(&job.class).is_none() {
            continue;
        }
        let (folder, stem) = folder_and_stem(&job.name);
        for number in 1..=wanted.copies {
            // A number before the underscore: no file's name can make two copies' names the same.
            let prefix = match number {
                1 => "augmented_".to_owned(),
                _ => format!("augmented{number}_"),
            };
            let copy = Copy {
                file: format!("{folder}{prefix}{stem}.wav"),
                seed: wanted.seed.child(&job.name),
                epoch: number as u64,
            };
            job.add(copy, &mut taken);
        }
        folders.entry(folder.to_owned()).or_default().push(place);
    }
    for (folder, mut places) in folders {
        let mut rng = wanted.seed.child("extra").named(&folder);
        rng.shuffle(&mut places);
        for (number, &place) in (1..=wanted.extra).zip(places.iter().cycle()) {
            let file = format!("{folder}original_augmented_{number}.wav");
            let copy = Copy {
                seed: wanted.seed.child(&file),
                file,
                epoch: 0,
            };
            jobs[place].add(copy, &mut taken);
        }
    }
    Ok(jobs)
}

fn job(file: &Path, root: &Path) -> Job {
    let below = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    let class = match parts.as_slice() {
        [class, _, ..] => class.to_string(),
        _ => String::new(),
    };
    let unreadable = below.to_str().is_none();
    Job {
        name: parts.join("/"),
        input: file.to_owned(),
        class,
        copies: Vec::new(),
        keep: false,
        problem: unreadable.then_some("its name is not UTF-8; rename it"),
    }
}

/// The part up to and with the last `/`, and the name behind it without its ending.
fn folder_and_stem(name: &str) -> (&str, &str) {
    let (folder, file) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
    match file.rfind('.') {
        Some(dot) if dot > 0 => (folder, &file[..dot]),
        _ => (folder, file),
    }
}

#[cfg(test)]
mod tests {
    use super::folder_and_stem;

    #[test]
    fn names_fall_into_folder_and_stem() {
        assert_eq!(folder_and_stem("a/b.c/d.e.wav"), ("a/b.c/", "d.e"));
        assert_eq!(folder_and_stem("x.mp3"), ("", "x"));
    }
}
