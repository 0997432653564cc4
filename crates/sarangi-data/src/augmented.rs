//! Chunks that are changed as they are read.

use std::collections::BTreeSet;

use ndarray::{Array4, s};
use rayon::prelude::*;
use sarangi_augment::Policy;
use sarangi_core::{Alone, Communicator, Dataset, Error, Result, Seed, Waveform};

use crate::{Chunks, Corpus, Example, FeatureCache, Item, SoundFrontEnd};

/// Samples that are kept together in the cache.
const BLOCK: usize = 1 << 14;

/// Training chunks of an epoch, changed as a [`Policy`] says.
///
/// A changed chunk is made anew from the sound each time: what lies at its place and half a chunk
/// beyond is changed, and the first chunk's length of that is heard, so that no silence follows
/// where it became faster. What is drawn depends on the seed, the epoch and the chunk alone.
#[derive(Debug)]
pub struct Augmented<'a> {
    chunks: Chunks<'a>,
    front_end: &'a SoundFrontEnd,
    policy: &'a Policy,
    /// Which chunk, and in what way it is seen.
    seen: Vec<(usize, usize)>,
    seed: Seed,
    epoch: u64,
}

impl<'a> Augmented<'a> {
    /// Chunks as the policy changes them in an epoch.
    pub fn new(
        chunks: Chunks<'a>,
        front_end: &'a SoundFrontEnd,
        policy: &'a Policy,
        seed: Seed,
        epoch: u64,
    ) -> Self {
        let items = chunks.items().iter().enumerate();
        let seen = items.flat_map(|(place, item)| {
            let label = chunks.corpus().tracks[item.track].label;
            policy.copies_of(label).map(move |copy| (place, copy))
        });
        Self {
            seen: seen.collect(),
            chunks,
            front_end,
            policy,
            seed,
            epoch,
        }
    }

    /// The class of each example.
    pub fn labels(&self) -> Vec<usize> {
        let labels = self.chunks.labels();
        self.seen.iter().map(|&(place, _)| labels[place]).collect()
    }

    /// Keeps the sound of every track that the policy changes in the cache, where reading a chunk
    /// of it is quick. `progress` is called with the number of tracks done and of all.
    ///
    /// # Errors
    /// As [`SoundFrontEnd::load`]; [`Error::Io`] if the cache cannot be written.
    pub fn prepare(
        corpus: &Corpus,
        items: &[Item],
        front_end: &SoundFrontEnd,
        policy: &Policy,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<()> {
        Self::prepare_among(&Alone, corpus, items, front_end, policy, cache, progress)
    }

    /// As [`prepare`](Self::prepare), each rank doing a part of the work; all are done when it returns.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); [`Error::Cluster`] if a rank has ended.
    pub fn prepare_among(
        ranks: &dyn Communicator,
        corpus: &Corpus,
        items: &[Item],
        front_end: &SoundFrontEnd,
        policy: &Policy,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<()> {
        let tracks: BTreeSet<usize> = items.iter().map(|item| item.track).collect();
        let changed: Vec<_> = tracks
            .into_iter()
            .map(|track| &corpus.tracks[track])
            .filter(|track| policy.copies_of(track.label).any(|copy| copy > 0))
            .enumerate()
            .filter(|(number, _)| ranks.shard().has(*number))
            .map(|(_, track)| track)
            .collect();
        let done = std::sync::atomic::AtomicUsize::new(0);
        changed.par_iter().try_for_each(|track| {
            let key = sound_key(&track.content, front_end);
            if cache.chunks(&key, [1, 1, BLOCK]).is_none() {
                let wave = front_end.load(corpus.root.join(&track.path))?;
                let mut samples = wave.channel(0)?.to_vec();
                samples.resize(samples.len().next_multiple_of(BLOCK), 0.0);
                let blocks = samples.len() / BLOCK;
                let blocks = Array4::from_shape_vec((blocks, 1, 1, BLOCK), samples)
                    .map_err(|e| Error::shape("sound", "whole blocks", e))?;
                cache.write(&key, &blocks)?;
            }
            let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            progress(done, changed.len());
            Ok(())
        })?;
        ranks.barrier()
    }

    /// The sound of one chunk and half a chunk more.
    fn sound(&self, item: Item) -> Result<Waveform> {
        let (start, len) = self.front_end.chunk_span(item.chunk);
        let end = start + len + len / 2;
        let content = &self.chunks.corpus().tracks[item.track].content;
        let key = sound_key(content, self.front_end);
        let blocks = start / BLOCK..end.div_ceil(BLOCK);
        let blocks = self.chunks.cache().read_some(&key, blocks, [1, 1, BLOCK])?;
        // Beyond the end of the track is silence.
        let samples = blocks.slice(s![.., 0, 0, ..]).iter().copied().collect();
        let wave = Waveform::mono(samples, self.front_end.rate());
        Ok(wave.window(start % BLOCK, end - start))
    }
}

/// The entry of a track's sound: it depends on the file and on how it is read.
fn sound_key(content: &str, front_end: &SoundFrontEnd) -> String {
    FeatureCache::key(content, &format!("sound at {}", front_end.rate()))
}

impl Dataset for Augmented<'_> {
    type Item = Example;

    fn len(&self) -> usize {
        self.seen.len()
    }

    fn get(&self, index: usize) -> Result<Example> {
        let &(place, copy) = self.seen.get(index).ok_or_else(|| {
            let expected = format_args!("an index below {}", self.seen.len());
            Error::shape("data set", expected, index)
        })?;
        if copy == 0 {
            return self.chunks.get(place);
        }
        let item = self.chunks.items()[place];
        let label = self.chunks.corpus().tracks[item.track].label;
        let rng = &mut self.seed.rng(self.epoch, index as u64);
        let (wave, _) = self.policy.augment(label, self.sound(item)?, rng)?;
        let (_, len) = self.front_end.chunk_span(item.chunk);
        let features = self.front_end.map(&wave.into_mono().window(0, len))?;
        Ok(Example {
            features,
            label,
            item,
        })
    }
}
