//! Chunks as a data set.

use sarangi_core::{Dataset, Error, FeatureMap, Result};

use crate::{Corpus, FeatureCache, Item};

/// One chunk of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Its features, (channels, bins, frames).
    pub features: FeatureMap,
    /// Its class.
    pub label: usize,
    /// Where it comes from.
    pub item: Item,
}

/// Some chunks of a corpus, read from the cache when asked for.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    corpus: &'a Corpus,
    cache: &'a FeatureCache,
    items: &'a [Item],
    shape: [usize; 3],
}

impl<'a> Chunks<'a> {
    /// The chunks `items` of a corpus, whose maps have this shape.
    pub fn new(
        corpus: &'a Corpus,
        cache: &'a FeatureCache,
        items: &'a [Item],
        shape: [usize; 3],
    ) -> Self {
        Self {
            corpus,
            cache,
            items,
            shape,
        }
    }

    /// The shape (channels, bins, frames) of every example.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The class of each example.
    pub fn labels(&self) -> Vec<usize> {
        let label = |item: &Item| self.corpus.tracks[item.track].label;
        self.items.iter().map(label).collect()
    }

    pub(crate) fn corpus(&self) -> &'a Corpus {
        self.corpus
    }

    pub(crate) fn cache(&self) -> &'a FeatureCache {
        self.cache
    }

    /// Which chunks they are.
    pub fn items(&self) -> &'a [Item] {
        self.items
    }
}

impl Dataset for Chunks<'_> {
    type Item = Example;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn get(&self, index: usize) -> Result<Example> {
        let item = *self.items.get(index).ok_or_else(|| {
            Error::shape(
                "data set",
                format_args!("an index below {}", self.items.len()),
                index,
            )
        })?;
        let track = &self.corpus.tracks[item.track];
        let features = self.cache.read(&track.key, item.chunk, self.shape)?;
        Ok(Example {
            features,
            label: track.label,
            item,
        })
    }
}
