//! What a run learns from.

use sarangi_augment::Policy;
use sarangi_data::{Chunks, Corpus, FeatureCache, FrontEnd, Part, Split, SplitSpec};

/// The data of one run.
pub(crate) struct Data<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) cache: &'a FeatureCache,
    pub(crate) split: &'a Split,
    pub(crate) split_spec: SplitSpec,
    pub(crate) front_end: &'a FrontEnd,
    pub(crate) policy: Option<Policy>,
}

impl<'a> Data<'a> {
    pub(super) fn part(&self, part: Part) -> Chunks<'a> {
        Chunks::new(
            self.corpus,
            self.cache,
            self.split.part(part),
            self.front_end.shape(),
        )
    }

    /// How many training chunks there are of each class, as they were recorded.
    pub(super) fn train_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.corpus.labels.len()];
        for item in self.split.part(Part::Train) {
            counts[self.corpus.tracks[item.track].label] += 1;
        }
        counts
    }
}
