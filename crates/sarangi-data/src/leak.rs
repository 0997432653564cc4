//! Whether what judges was learned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sarangi_core::{Error, Result, Seed};
use serde::{Deserialize, Serialize};

use crate::split::groups;
use crate::{
    Corpus, FeatureCache, Fingerprint, FrontEnd, Item, Part, Split, SplitSpec, near_duplicates,
};

/// What is done if a split leaks: if files of one recording, near duplicates of each other by their
/// [`Fingerprint`]s, or tracks of one artist are in different parts of it.
///
/// A split that is leaky by name is let pass whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakPolicy {
    /// Nothing is trained: an error says which files they are.
    #[default]
    Refuse,
    /// What would train and is near what judges is left out of training; what would validate and
    /// is near what tests, of validation.
    Drop,
    /// It is trained all the same.
    Allow,
}

/// Two files that are in different parts of a split and should not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// The track that is left out under [`LeakPolicy::Drop`].
    pub learned: usize,
    /// The track that judges.
    pub judges: usize,
    /// Why they belong together.
    pub bond: Bond,
}

/// Why two files belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bond {
    /// The manifest says they are of one recording or one artist.
    Listed,
    /// They hold the same; the share of bits in which their fingerprints differ.
    NearDuplicate(f64),
}

/// The leaks of a split, in the order of the tracks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leaks(Vec<Leak>);

impl Leaks {
    /// Finds the leaks of a split; `prints` are the fingerprints of the corpus's tracks.
    pub fn find(corpus: &Corpus, split: &Split, prints: &[Fingerprint]) -> Self {
        let mut parts: BTreeMap<usize, BTreeSet<Part>> = BTreeMap::new();
        for part in [Part::Train, Part::Valid, Part::Test] {
            for item in split.part(part) {
                parts.entry(item.track).or_default().insert(part);
            }
        }
        let mut leaks = BTreeMap::new();
        let mut look = |a: usize, b: usize, bond: Bond| {
            let (Some(of_a), Some(of_b)) = (parts.get(&a), parts.get(&b)) else {
                return;
            };
            // The one in the lower part is learned from before the other judges.
            for (learned, judges, lower, higher) in [(a, b, of_a, of_b), (b, a, of_b, of_a)] {
                let leaks_up = lower.iter().any(|low| higher.iter().any(|high| low < high));
                if leaks_up {
                    leaks.entry((learned, judges)).or_insert(bond);
                }
            }
        };
        for pair in near_duplicates(prints) {
            look(pair.first, pair.second, Bond::NearDuplicate(pair.distance));
        }
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (track, group) in groups(corpus).into_iter().enumerate() {
            members.entry(group).or_default().push(track);
        }
        for tracks in members.values() {
            // An artist of thousands of tracks has millions of pairs; in one part none can leak.
            let in_parts = tracks.iter().filter_map(|track| parts.get(track)).flatten();
            if in_parts.collect::<BTreeSet<_>>().len() < 2 {
                continue;
            }
            for (i, &a) in tracks.iter().enumerate() {
                for &b in &tracks[i + 1..] {
                    look(a, b, Bond::Listed);
                }
            }
        }
        let leak = |((learned, judges), bond)| Leak {
            learned,
            judges,
            bond,
        };
        Self(leaks.into_iter().map(leak).collect())
    }

    /// The leaks.
    pub fn pairs(&self) -> &[Leak] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The leaks in a line for people, the first of them by name.
    pub fn summary(&self, corpus: &Corpus) -> String {
        let path = |track: usize| corpus.tracks[track].path.as_str();
        let Some(first) = self.0.first() else {
            return "no leaks".to_owned();
        };
        let learned: BTreeSet<usize> = self.0.iter().map(|leak| leak.learned).collect();
        format!(
            "{} file(s) that would be learned from are too near to what judges, the first: `{}` and \
             `{}` {}",
            learned.len(),
            path(first.learned),
            path(first.judges),
            first.bond
        )
    }
}

impl fmt::Display for Bond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed => write!(f, "are of one recording or artist"),
            Self::NearDuplicate(distance) => write!(
                f,
                "hold the same ({:.0} % of their fingerprints agree)",
                100.0 * (1.0 - distance)
            ),
        }
    }
}

impl LeakPolicy {
    /// Draws a split of a corpus and [judges](Self::judge) it by the fingerprints of its tracks, which
    /// are taken only if it is one that should not leak.
    ///
    /// # Errors
    /// As [`SplitSpec::split`], [`Corpus::fingerprints`] and [`judge`](Self::judge).
    pub fn split(
        self,
        spec: &SplitSpec,
        corpus: &Corpus,
        seed: Seed,
        front_end: &FrontEnd,
        cache: &FeatureCache,
    ) -> Result<(Split, Leaks)> {
        let split = spec.split(corpus, seed)?;
        let prints = match spec.is_leaky() {
            true => Vec::new(),
            false => corpus.fingerprints(front_end, cache)?,
        };
        self.judge(spec, split, corpus, &prints)
    }

    /// Looks for leaks in a split and does with them what the policy says; gives the split that is
    /// to be used, and the leaks that were found.
    ///
    /// # Errors
    /// [`Error::Data`] that names the first pair and says what can be done, if leaks are refused;
    /// or a class that dropping leaves nothing to learn from.
    pub fn judge(
        self,
        spec: &SplitSpec,
        split: Split,
        corpus: &Corpus,
        prints: &[Fingerprint],
    ) -> Result<(Split, Leaks)> {
        if spec.is_leaky() {
            return Ok((split, Leaks::default()));
        }
        let leaks = Leaks::find(corpus, &split, prints);
        if leaks.is_empty() {
            return Ok((split, leaks));
        }
        match self {
            Self::Allow => Ok((split, leaks)),
            Self::Drop => Ok((without(split, &leaks, corpus)?, leaks)),
            Self::Refuse => {
                let reason = format!(
                    "this split leaks: {}; delete one of each two, or set `leaks` to `drop` to leave \
                     them out of what is learned, or to `allow`",
                    leaks.summary(corpus)
                );
                Err(Error::data(&corpus.root, reason))
            }
        }
    }
}

/// The split without what is too near to a later part.
fn without(split: Split, leaks: &Leaks, corpus: &Corpus) -> Result<Split> {
    let tracks_of = |part: Part| -> BTreeSet<usize> {
        split.part(part).iter().map(|item| item.track).collect()
    };
    let (valid, test) = (tracks_of(Part::Valid), tracks_of(Part::Test));
    let near = |judges: &BTreeSet<usize>| -> BTreeSet<usize> {
        let leaks = leaks.0.iter().filter(|leak| judges.contains(&leak.judges));
        leaks.map(|leak| leak.learned).collect()
    };
    let (near_valid, near_test) = (near(&valid), near(&test));
    let keep = |items: &[Item], gone: &dyn Fn(usize) -> bool| -> Vec<Item> {
        items
            .iter()
            .copied()
            .filter(|item| !gone(item.track))
            .collect()
    };
    let kept = Split {
        train: keep(&split.train, &|t| {
            near_valid.contains(&t) || near_test.contains(&t)
        }),
        valid: keep(&split.valid, &|t| near_test.contains(&t)),
        test: split.test,
    };
    for (label, name) in corpus.labels.iter().enumerate() {
        if !kept
            .train
            .iter()
            .any(|item| corpus.tracks[item.track].label == label)
        {
            let reason = format!(
                "class `{name}` has nothing left to learn from once what is near to what judges is \
                 dropped; change `split` or its seed"
            );
            return Err(Error::data(&corpus.root, reason));
        }
    }
    Ok(kept)
}
