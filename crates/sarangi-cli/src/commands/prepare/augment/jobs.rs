//! Which copies are made of which file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sarangi::augment::Policy;
use sarangi::core::Rng;
use sarangi::prelude::Seed;

use super::super::names::{below, folder_and_stem};

/// The class of files that lie in no folder: none is called so.
const NO_FOLDER: &str = ".";

/// One file's work.
pub(super) struct Job {
    /// The file's path below the folder, with `/` between the parts.
    pub(super) name: String,
    pub(super) input: PathBuf,
    /// Its class: the first folder below the folder that is augmented.
    pub(super) label: usize,
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

/// The files' work, still without copies, and the names of their classes, sorted.
pub(super) fn jobs(files: &[PathBuf], root: &Path) -> (Vec<Job>, Vec<String>) {
    let found: Vec<_> = files.iter().map(|file| place(file, root)).collect();
    let classes: BTreeSet<&String> = found.iter().map(|(class, _)| class).collect();
    let labels: Vec<String> = classes.into_iter().cloned().collect();
    let jobs = files.iter().zip(found).map(|(file, (class, name))| Job {
        problem: name.is_none().then_some("its name is not UTF-8; rename it"),
        name: name.unwrap_or_else(|| file.to_string_lossy().into_owned()),
        input: file.clone(),
        label: labels.binary_search(&class).unwrap_or_default(),
        copies: Vec::new(),
        keep: false,
    });
    (jobs.collect(), labels)
}

/// The class of a file, and its path below the root with `/` between the parts, if it is UTF-8.
fn place(file: &Path, root: &Path) -> (String, Option<String>) {
    let name = below(file, root);
    let (Ok(text) | Err(text)) = &name;
    let class = text.split_once('/').map_or(NO_FOLDER, |(class, _)| class);
    (class.to_owned(), name.ok())
}

/// Adds the copies that the policy asks for, and `extra` more in each folder of files drawn from it.
pub(super) fn add_copies(jobs: &mut [Job], policy: &Policy, extra: usize, seed: Seed) {
    let mut taken = BTreeSet::new();
    for job in &mut *jobs {
        // The file as it is counts as copy 0.
        job.keep = policy.copies_of(job.label).any(|copy| copy == 0);
        if job.keep {
            taken.insert(job.name.clone());
        }
    }
    let mut folders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, job) in jobs.iter_mut().enumerate() {
        let copies = policy.copies_of(job.label).filter(|&copy| copy > 0);
        if job.problem.is_some() {
            continue;
        }
        let (folder, stem) = folder_and_stem(&job.name);
        let (folder, stem) = (folder.to_owned(), stem.to_owned());
        for number in copies {
            // A number before the underscore: no file's name can make two copies' names the same.
            let prefix = match number {
                1 => "augmented_".to_owned(),
                _ => format!("augmented{number}_"),
            };
            let copy = Copy {
                file: format!("{folder}{prefix}{stem}.wav"),
                seed: seed.child(&job.name),
                epoch: number as u64,
            };
            job.add(copy, &mut taken);
        }
        if !job.copies.is_empty() {
            folders.entry(folder).or_default().push(place);
        }
    }
    for (folder, mut places) in folders {
        seed.child("extra").named(&folder).shuffle(&mut places);
        for (number, &place) in (1..=extra).zip(places.iter().cycle()) {
            let file = format!("{folder}original_augmented_{number}.wav");
            let copy = Copy {
                seed: seed.child(&file),
                file,
                epoch: 0,
            };
            jobs[place].add(copy, &mut taken);
        }
    }
}
