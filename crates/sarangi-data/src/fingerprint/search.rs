//! Which fingerprints are of one recording or picture.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Fingerprint, Print, WORDS_PER_SECOND};

/// Two files that hold the same recording or picture, or parts of one recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearDuplicate {
    /// The number of the first file.
    pub first: usize,
    /// The number of the second file, which is larger.
    pub second: usize,
    /// The share of bits in which they differ: 0 for the same, about 0.5 for strangers.
    pub distance: f64,
    /// How much later, in seconds, what both hold begins in the second sound than in the first; 0 for
    /// pictures.
    pub offset: f64,
}

/// Words that are indexed at most; of more, every second or third is.
const MOST_INDEXED: usize = 8_000_000;
/// A word that so many files have says nothing.
const COMMON: usize = 64;
/// Words that two sounds must have in common, at one offset, to be looked at.
const VOTES: u32 = 2;
/// The share of bits in which two excerpts of one recording may differ; the authors' threshold
/// is 0.35 for 3 s.
const SOUND_DISTANCE: f64 = 0.3;
/// What two sounds must share, in seconds.
const SHARED: f64 = 3.0;
/// The bits of 256 in which two copies of one picture may differ. In the pictures of GTZAN's 999 clips, 27 pairs
/// differ in 0 to 2 bits, and no other in so few.
const PICTURE_BITS: u32 = 15;

/// Finds the pairs of files that hold the same, in order, whatever the number of threads.
pub fn near_duplicates(prints: &[Fingerprint]) -> Vec<NearDuplicate> {
    let mut found = pictures(prints);
    found.extend(sounds(prints));
    found.sort_by_key(|pair| (pair.first, pair.second));
    found
}

fn of_kind(prints: &[Fingerprint], kind: Print) -> impl Iterator<Item = (usize, &[u32])> {
    let numbered = prints.iter().enumerate();
    numbered
        .filter(move |(_, print)| print.kind == kind)
        .map(|(i, print)| (i, print.words.as_slice()))
}

/// Pictures that differ in at most 15 bits agree in one of sixteen parts of the hash.
fn pictures(prints: &[Fingerprint]) -> Vec<NearDuplicate> {
    let mut buckets: BTreeMap<(usize, u16), Vec<usize>> = BTreeMap::new();
    for (file, words) in of_kind(prints, Print::Picture) {
        let halves = words
            .iter()
            .flat_map(|word| [(word >> 16) as u16, *word as u16]);
        for (part, half) in halves.enumerate() {
            buckets.entry((part, half)).or_default().push(file);
        }
    }
    let mut pairs = BTreeSet::new();
    for files in buckets.values() {
        for (i, &first) in files.iter().enumerate() {
            for &second in &files[i + 1..] {
                let bits = differing(&prints[first].words, &prints[second].words);
                if bits <= PICTURE_BITS {
                    pairs.insert((first, second, bits));
                }
            }
        }
    }
    let pair = |(first, second, bits)| NearDuplicate {
        first,
        second,
        distance: f64::from(bits) / 256.0,
        offset: 0.0,
    };
    pairs.into_iter().map(pair).collect()
}

fn differing(a: &[u32], b: &[u32]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

fn sounds(prints: &[Fingerprint]) -> Vec<NearDuplicate> {
    let total: usize = of_kind(prints, Print::Sound).map(|(_, w)| w.len()).sum();
    let stride = 1 + total / MOST_INDEXED;
    // (word, file, place), sorted by word.
    let mut index: Vec<(u32, u32, u32)> = of_kind(prints, Print::Sound)
        .flat_map(|(file, words)| {
            let places = words.iter().enumerate().step_by(stride);
            places.map(move |(place, &word)| (word, file as u32, place as u32))
        })
        .filter(|&(word, ..)| word != 0)
        .collect();
    index.par_sort_unstable();
    let files: Vec<(usize, &[u32])> = of_kind(prints, Print::Sound).collect();
    let found = files.par_iter().flat_map_iter(|&(second, words)| {
        let mut pairs: Vec<NearDuplicate> = candidates(&index, second, words)
            .into_iter()
            .filter_map(|(first, offset)| {
                let (distance, shared) = compare(&prints[first].words, words, offset);
                let long = shared >= enough(prints[first].words.len().min(words.len()));
                (long && distance <= SOUND_DISTANCE).then_some(NearDuplicate {
                    first,
                    second,
                    distance,
                    offset: offset as f64 / WORDS_PER_SECOND,
                })
            })
            .collect();
        // Of several offsets the best.
        pairs.sort_by(|a, b| {
            a.first
                .cmp(&b.first)
                .then(a.distance.total_cmp(&b.distance))
        });
        pairs.dedup_by_key(|pair| pair.first);
        pairs
    });
    found.collect()
}

/// The words that sounds must share: all of a very short one.
fn enough(shorter: usize) -> usize {
    ((SHARED * WORDS_PER_SECOND) as usize)
        .min(shorter / 2)
        .max(4)
}

/// The earlier files that have words in common with these at one offset.
fn candidates(index: &[(u32, u32, u32)], second: usize, words: &[u32]) -> Vec<(usize, i64)> {
    let mut votes: BTreeMap<(u32, i64), u32> = BTreeMap::new();
    for (place, &word) in words.iter().enumerate().filter(|(_, word)| **word != 0) {
        let begin = index.partition_point(|entry| entry.0 < word);
        let same = index[begin..].iter().take_while(|entry| entry.0 == word);
        let same: Vec<_> = same.take(COMMON + 1).collect();
        if same.len() > COMMON {
            continue;
        }
        for &&(_, first, other) in &same {
            if (first as usize) < second {
                *votes
                    .entry((first, place as i64 - i64::from(other)))
                    .or_default() += 1;
            }
        }
    }
    let near = |(&(first, offset), &count): (&(u32, i64), &u32)| {
        (count >= VOTES).then_some((first as usize, offset))
    };
    votes.iter().filter_map(near).collect()
}

/// The share of differing bits where both say something, and how many words that are.
fn compare(first: &[u32], second: &[u32], offset: i64) -> (f64, usize) {
    let (from_first, from_second) = match offset >= 0 {
        true => (0, offset as usize),
        false => (offset.unsigned_abs() as usize, 0),
    };
    let first = first.get(from_first..).unwrap_or_default();
    let second = second.get(from_second..).unwrap_or_default();
    let heard = first
        .iter()
        .zip(second)
        .filter(|(a, b)| **a != 0 && **b != 0);
    let (bits, words) = heard.fold((0u64, 0usize), |(bits, words), (a, b)| {
        (bits + u64::from((a ^ b).count_ones()), words + 1)
    });
    match words {
        0 => (1.0, 0),
        _ => (bits as f64 / (32 * words) as f64, words),
    }
}
