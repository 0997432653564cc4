//! One rank's part of work that several share.

use std::ops::Range;

/// Which part of some work is done here, where `of` ranks share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    rank: usize,
    of: usize,
}

impl Shard {
    /// All of the work: nobody shares it.
    pub const WHOLE: Self = Self { rank: 0, of: 1 };

    /// The part of `rank`, counted from 0, of `of` ranks. A rank that there is not does nothing.
    pub fn new(rank: usize, of: usize) -> Self {
        Self {
            rank,
            of: of.max(1),
        }
    }

    /// The rank.
    pub fn rank(self) -> usize {
        self.rank
    }

    /// How many share the work.
    pub fn of(self) -> usize {
        self.of
    }

    /// Which of `count` things that follow each other are this rank's: as many as every other's, or
    /// one more, and in the order of the ranks.
    pub fn range(self, count: usize) -> Range<usize> {
        let from = |rank: usize| {
            let rank = rank.min(self.of);
            rank * (count / self.of) + rank.min(count % self.of)
        };
        from(self.rank)..from(self.rank.saturating_add(1))
    }

    /// Whether thing number `index` is this rank's where they are dealt out one by one: work whose
    /// parts differ in length, such as files, comes out more even so.
    pub fn has(self, index: usize) -> bool {
        index % self.of == self.rank
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_somebodys_and_nothing_is_two_ones() {
        for of in 1..6 {
            for count in 0..20 {
                let ranges: Vec<_> = (0..of).map(|r| Shard::new(r, of).range(count)).collect();
                let all: Vec<usize> = ranges.iter().cloned().flatten().collect();
                assert_eq!(all, (0..count).collect::<Vec<_>>());
                let sizes = ranges.iter().map(|range| range.len());
                assert!(sizes.clone().max() <= sizes.min().map(|least| least + 1));
                let dealt =
                    (0..count).map(|i| (0..of).filter(|&r| Shard::new(r, of).has(i)).count());
                assert!(dealt.into_iter().all(|owners| owners == 1));
            }
        }
        assert_eq!(Shard::WHOLE.range(7), 0..7);
        assert!(Shard::new(3, 2).range(7).is_empty());
    }
}
