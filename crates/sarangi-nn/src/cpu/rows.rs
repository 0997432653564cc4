//! A picture's rows, a few at a time.

use super::buffer::Buffer;
use super::pictures::Pictures;
use super::simd::Lanes;
use super::source::Source;

/// Rows of one picture, read through a source from the top down, each once, with margins of zeros
/// on both sides. The last few are kept, in a ring that stays in the second-nearest cache.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    source: Source<'a>,
    of: Pictures,
    image: usize,
    /// Values of the margin on the left.
    left: usize,
    /// Values of a row with its margins.
    step: usize,
    slots: usize,
    /// The slots, a row of zeros and some slack; empty if rows are read where they are stored.
    ring: Buffer,
    /// The first row that was not read yet.
    next: usize,
}

/// What a ring of rows is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// Pixels of zeros on the left and on the right of each row.
    pub(crate) margins: [usize; 2],
    /// How many rows it holds.
    pub(crate) slots: usize,
    /// Whether there is a row of zeros besides.
    pub(crate) zeros: bool,
    /// Whether the last vector of a pixel may be read in full, beyond its channels.
    pub(crate) vectors: bool,
}

impl Ring {
    /// A ring of plain rows.
    pub(crate) fn plain(slots: usize) -> Self {
        Self {
            margins: [0, 0],
            slots: slots.max(1),
            zeros: false,
            vectors: false,
        }
    }
}

/// Values after the last row: a vector may begin on the row's last value.
const SLACK: usize = 16;

impl<'a> Rows<'a> {
    pub(crate) fn new(
        source: Source<'a>,
        of: Pictures,
        image: usize,
        Ring {
            margins,
            slots,
            zeros,
            vectors,
        }: Ring,
    ) -> Self {
        let [left, right] = margins.map(|pixels| pixels * of.channels);
        let step = left + of.row() + right;
        // A vector that begins on a pixel's last channels must not leave the memory.
        let whole = !vectors || of.channels.is_multiple_of(SLACK);
        let in_place = source.stored().is_some() && step == of.row() && whole && !zeros;
        let mut ring = Buffer::stale(if in_place {
            0
        } else {
            (slots + 1) * step + SLACK
        });
        if !in_place {
            for row in ring.chunks_mut(step.max(1)).take(slots) {
                row[..left].fill(0.0);
                row[left + of.row()..].fill(0.0);
            }
            ring[slots * step..].fill(0.0);
        }
        Self {
            source,
            of,
            image,
            left,
            step,
            slots,
            ring,
            next: 0,
        }
    }

    /// The shape of the batch.
    #[inline(always)]
    pub(crate) fn pictures(&self) -> Pictures {
        self.of
    }

    /// Makes rows `range` ready. Ranges must not go back and hold no more than `slots` rows.
    #[inline(always)]
    pub(crate) fn read<S: Lanes>(&mut self, simd: S, range: std::ops::Range<usize>) {
        debug_assert!(range.len() <= self.slots);
        if self.ring.is_empty() {
            return;
        }
        for row in self.next.max(range.start)..range.end {
            let at = (row % self.slots) * self.step + self.left;
            let out = &mut self.ring[at..at + self.of.row()];
            let first = (self.image * self.of.height + row) * self.of.width;
            self.source.read(simd, self.of, first, out);
        }
        self.next = self.next.max(range.end);
    }

    /// The memory in which the rows lie.
    #[inline(always)]
    pub(crate) fn memory(&self) -> &[f32] {
        match self.source.stored() {
            Some(x) if self.ring.is_empty() => x,
            _ => &self.ring,
        }
    }

    /// Where in the memory a row that is ready begins, with its margin.
    #[inline(always)]
    pub(crate) fn start(&self, row: usize) -> usize {
        if self.ring.is_empty() {
            (self.image * self.of.height + row) * self.of.row()
        } else {
            (row % self.slots) * self.step
        }
    }

    /// Where in the memory the row of zeros begins, if the ring has one.
    #[inline(always)]
    pub(crate) fn zeros(&self) -> usize {
        self.slots * self.step
    }

    /// A row that is ready, without its margins.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        let at = self.start(row) + self.left;
        &self.memory()[at..at + self.of.row()]
    }
}
