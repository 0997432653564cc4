//! Cross-validation: each fold judges once.

use std::collections::BTreeSet;

use sarangi_core::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use super::by_track::{divide, originals};
use super::deal::deal;
use super::groups::groups;
use super::{Part, Split, spec::KFold};
use crate::Corpus;

/// Where folds come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldsBy {
    /// They are drawn by the seed: stratified, no artist and no recording in two folds.
    #[default]
    Seed,
    /// The column `fold` of the manifest.
    Column,
    /// What stands before the first `-` of a file's name, as in ESC-50 and ESC-10.
    Prefix,
}

/// Which tracks test every fold's model, and train none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Holdout {
    /// This share of each class's tracks, drawn by the seed; 0 is none, so that each fold tests in turn.
    Share(f64),
    /// Those that something else names.
    Named(HoldoutBy),
}

/// What names the tracks that are held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldoutBy {
    /// The column `split` of the manifest: those in `test`.
    Column,
}

impl Holdout {
    /// Whether any tracks are held out.
    pub fn holds(self) -> bool {
        self != Self::Share(0.0)
    }

    /// The tracks for the folds, and those that are held out.
    fn part(self, corpus: &Corpus, tracks: Vec<usize>, seed: Seed) -> Result<[Vec<usize>; 2]> {
        match self {
            Self::Share(share) if share > 0.0 => {
                let [mut rest, _, holdout] = divide(corpus, &tracks, 0.0, share, seed)?;
                rest.sort_unstable();
                Ok([rest, holdout])
            }
            Self::Share(_) => Ok([tracks, Vec::new()]),
            Self::Named(HoldoutBy::Column) => {
                let tests = |&track: &usize| corpus.tracks[track].listed.part == Some(Part::Test);
                let (holdout, rest): (Vec<_>, Vec<_>) = tracks.into_iter().partition(tests);
                if holdout.is_empty() {
                    let reason = "has no manifest whose column `split` says `test` of a track, which \
                                  `split.holdout = \"column\"` asks for";
                    return Err(Error::data(&corpus.root, reason));
                }
                Ok([rest, holdout])
            }
        }
    }
}

pub(super) fn split(corpus: &Corpus, spec: &KFold, seed: Seed) -> Result<Split> {
    let fail = |field: &str, reason: String| Err(Error::config("split", field, reason));
    let [rest, holdout] = spec
        .holdout
        .part(corpus, originals(corpus), seed.child("holdout"))?;
    let folds = match spec.by {
        FoldsBy::Seed => {
            let shares = vec![1.0 / spec.folds as f64; spec.folds];
            deal(corpus, &rest, &groups(corpus), &shares, seed.child("folds"))
        }
        FoldsBy::Column | FoldsBy::Prefix => given(corpus, &rest, spec.by)?,
    };
    if folds.len() < 2 || folds.iter().any(Vec::is_empty) {
        let reason = format!(
            "{} tracks cannot make {} folds",
            rest.len(),
            folds.len().max(2)
        );
        return fail("folds", reason);
    }
    let Some(fold) = spec.fold else {
        return fail(
            "fold",
            format!("must say which of the {} it is", folds.len()),
        );
    };
    if !(1..=folds.len()).contains(&fold) {
        return fail(
            "fold",
            format!("must be from 1 to {}, got {fold}", folds.len()),
        );
    }
    let judge = &folds[fold - 1];
    let others = folds.iter().enumerate().filter(|(i, _)| *i != fold - 1);
    let mut others: Vec<usize> = others.flat_map(|(_, fold)| fold.iter().copied()).collect();
    others.sort_unstable();
    if !holdout.is_empty() {
        return Ok(Split::of_tracks(corpus, [&others, judge, &holdout]));
    }
    let [train, valid, _] = divide(corpus, &others, spec.valid, 0.0, seed.child("valid"))?;
    Ok(Split::of_tracks(corpus, [&train, &valid, judge]))
}

/// How many folds there are.
pub(super) fn count(corpus: &Corpus, spec: &KFold) -> Result<usize> {
    match spec.by {
        FoldsBy::Seed => Ok(spec.folds),
        by => {
            // Where folds are given, those that are drawn for a hold-out still leave one in each.
            let tracks = match spec.holdout {
                Holdout::Named(_) => {
                    let [rest, _] = spec.holdout.part(corpus, originals(corpus), Seed(0))?;
                    rest
                }
                Holdout::Share(_) => originals(corpus),
            };
            given(corpus, &tracks, by).map(|folds| folds.len())
        }
    }
}

/// The folds that the data set came with, in the order of their names, numbers by their value.
fn given(corpus: &Corpus, tracks: &[usize], by: FoldsBy) -> Result<Vec<Vec<usize>>> {
    let mut named = Vec::new();
    for &track in tracks {
        let t = &corpus.tracks[track];
        let name = match by {
            FoldsBy::Column => t.listed.fold.as_deref(),
            _ => {
                let file = t.path.rsplit('/').next().unwrap_or(&t.path);
                file.split_once('-').map(|(fold, _)| fold)
            }
        };
        let Some(name) = name else {
            let reason = match by {
                FoldsBy::Column => "the manifest gives it no fold",
                _ => "its name has no `-` with a fold before it",
            };
            return Err(Error::data(corpus.root.join(&t.path), reason));
        };
        named.push((name.parse::<u64>().ok(), name, track));
    }
    let names: BTreeSet<_> = named
        .iter()
        .map(|&(number, name, _)| (number, name))
        .collect();
    let of_name = |&(number, name): &(Option<u64>, &str)| -> Vec<usize> {
        let of_name = named.iter().filter(|n| (n.0, n.1) == (number, name));
        of_name.map(|n| n.2).collect()
    };
    Ok(names.iter().map(of_name).collect())
}
