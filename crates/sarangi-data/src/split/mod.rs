//! Which chunks train, which validate, which test.

mod by_chunk;
mod by_fold;
mod by_list;
mod by_order;
mod by_track;
mod copies;
mod deal;
mod groups;
mod spec;

use std::collections::BTreeSet;

use sarangi_core::Result;

use crate::Corpus;

pub use by_fold::{FoldsBy, Holdout, HoldoutBy};
pub(crate) use groups::groups;
pub use spec::{KFold, SplitSpec};

/// One chunk: its track's number in the corpus, and its number in the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// The track, an index into [`Corpus::tracks`].
    pub track: usize,
    /// The chunk of the track, from 0.
    pub chunk: usize,
}

/// A part of a split, in the order in which they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the weights learn from.
    Train,
    /// What chooses the epoch.
    Valid,
    /// What is looked at once, at the end.
    Test,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// What it is called in manifests and recipes: `train`, `valid` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }
}

/// The chunks of each part, each in the order of the corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// What the weights learn from.
    pub train: Vec<Item>,
    /// What chooses the epoch.
    pub valid: Vec<Item>,
    /// What is looked at once, at the end.
    pub test: Vec<Item>,
}

impl Split {
    /// All chunks of tracks that train, validate and test, and of the augmented copies of those that
    /// train.
    fn of_tracks(corpus: &Corpus, parts: [&[usize]; 3]) -> Self {
        let [train, valid, test] = parts.map(|tracks| {
            let mut items: Vec<Item> = tracks.iter().flat_map(|&t| corpus.items_of(t)).collect();
            items.sort_unstable();
            items
        });
        let mut split = Self { train, valid, test };
        copies::follow(corpus, &mut split, |_| true);
        split
    }

    /// The chunks of one part.
    pub fn part(&self, part: Part) -> &[Item] {
        match part {
            Part::Train => &self.train,
            Part::Valid => &self.valid,
            Part::Test => &self.test,
        }
    }

    /// The tracks that have chunks in one part, in the order of the corpus.
    pub fn tracks_of(&self, part: Part) -> BTreeSet<usize> {
        self.part(part).iter().map(|item| item.track).collect()
    }

    /// A part as a list that [`SplitSpec::Lists`] reads: the path of a track in each line.
    ///
    /// # Errors
    /// [`Error::Data`](sarangi_core::Error::Data) naming a track whose path cannot stand on a list: because it begins with `#`,
    /// begins or ends with a space, or has a line break.
    pub fn list(&self, corpus: &Corpus, part: Part) -> Result<String> {
        by_list::write(corpus, &self.tracks_of(part))
    }

    /// How many tracks have chunks in more than one part. Anything but 0 is a leak: what is
    /// learned of a track in training is asked again in the test.
    pub fn leaking_tracks(&self) -> usize {
        let parts = [&self.train, &self.valid, &self.test];
        let [train, valid, test] =
            parts.map(|items| items.iter().map(|item| item.track).collect::<BTreeSet<_>>());
        let mut leaking: BTreeSet<usize> = train.intersection(&valid).copied().collect();
        leaking.extend(train.intersection(&test));
        leaking.extend(valid.intersection(&test));
        leaking.len()
    }

    /// How many tracks have chunks in some part.
    pub fn tracks(&self) -> usize {
        let all = [&self.train, &self.valid, &self.test].into_iter().flatten();
        all.map(|item| item.track).collect::<BTreeSet<_>>().len()
    }

    /// How many tracks have no chunk in any part: first of the originals, then of the augmented
    /// copies.
    pub fn left_out(&self, corpus: &Corpus) -> [usize; 2] {
        let all = [&self.train, &self.valid, &self.test].into_iter().flatten();
        let used: BTreeSet<usize> = all.map(|item| item.track).collect();
        [true, false].map(|original| {
            let tracks = corpus.tracks.iter().enumerate();
            tracks
                .filter(|(track, t)| t.is_original() == original && !used.contains(track))
                .count()
        })
    }

    /// A digest of which chunk of which file is in which part, so that a model can say what it was
    /// trained on and an evaluation can tell whether it sees the same split.
    pub fn digest(&self, corpus: &Corpus) -> String {
        let mut hash = blake3::Hasher::new();
        for (name, items) in [
            ("train", &self.train),
            ("valid", &self.valid),
            ("test", &self.test),
        ] {
            hash.update(name.as_bytes());
            for item in items {
                let track = &corpus.tracks[item.track];
                hash.update(track.path.as_bytes());
                hash.update(&[0]);
                hash.update(track.content.as_bytes());
                hash.update(&(item.chunk as u64).to_le_bytes());
            }
        }
        hash.finalize().to_hex()[..32].to_owned()
    }
}

/// How many of `count` things a share of them is: rounded, but at least one if the share is not 0.
fn share(count: usize, fraction: f64) -> usize {
    if fraction == 0.0 {
        0
    } else {
        ((count as f64 * fraction).round() as usize).max(1)
    }
}
