//! A batch that several ranks train on together.

use std::sync::Arc;

use sarangi_core::{Communicator, Error, Result};

use crate::cpu::norm::Moments;

/// One rank's part of a batch: what a layer must know to do with it what it would do with the part of
/// the whole batch.
#[derive(Clone, Debug)]
pub struct Share {
    first: usize,
    count: usize,
    stands_in: bool,
    statistics: Option<Arc<dyn Communicator>>,
}

impl Share {
    /// The `count` examples from the batch's example `first` on. Dropout draws what it would draw for
    /// them in the whole batch; batch norms take their statistics of the part alone.
    pub fn new(first: usize, count: usize) -> Self {
        Self {
            first,
            count,
            stands_in: false,
            statistics: None,
        }
    }

    /// The same, its examples there only because a network cannot run on none: they count nothing in
    /// statistics. Their loss is to be multiplied by 0.
    #[must_use]
    pub fn standing_in(self) -> Self {
        Self {
            stands_in: true,
            ..self
        }
    }

    /// The same, batch norms taking their statistics of the whole batch: all ranks run the network at
    /// once, on a part each. `torch.nn.SyncBatchNorm`.
    #[must_use]
    pub fn with_statistics_of(self, ranks: Arc<dyn Communicator>) -> Self {
        Self {
            statistics: Some(ranks),
            ..self
        }
    }

    /// The number of its first example in the whole batch.
    pub fn first(&self) -> usize {
        self.first
    }

    /// Where the values of the part lie among those of the whole batch, given how many there are.
    pub(crate) fn offset(&self, values: usize) -> usize {
        self.first * values.checked_div(self.count).unwrap_or(0)
    }

    /// Whether statistics are to be those of the whole batch.
    pub(crate) fn has_statistics(&self) -> bool {
        self.statistics.is_some()
    }

    /// Each channel's moments over the whole batch, given the part's; nothing if the part stands for
    /// itself.
    pub(crate) fn moments(
        &self,
        moments: &[Moments],
        pixels: usize,
    ) -> Result<Option<(Vec<Moments>, Together)>> {
        let Some(ranks) = &self.statistics else {
            return Ok(None);
        };
        let own = if self.stands_in { 0.0 } else { pixels as f64 };
        let means = moments.iter().map(|m| own * m.mean);
        let squares = moments.iter().map(|m| own * (m.variance + m.mean * m.mean));
        let mut sums: Vec<f64> = std::iter::once(own).chain(means).chain(squares).collect();
        if own == 0.0 {
            // Not what is no number times 0.
            sums.fill(0.0);
        }
        ranks.all_reduce_sum_f64(&mut sums)?;
        let (count, sums) = sums.split_first().map_or((0.0, &[][..]), |(n, s)| (*n, s));
        if count < 2.0 {
            let expected = "at least two values per channel on all ranks in training";
            return Err(Error::shape("batch_norm", expected, count));
        }
        let (means, squares) = sums.split_at(moments.len());
        let all = means.iter().zip(squares).map(|(sum, squares)| {
            let mean = sum / count;
            let variance = squares / count - mean * mean;
            // Not `max`, which would hide what is not a number.
            let variance = if variance < 0.0 { 0.0 } else { variance };
            Moments { mean, variance }
        });
        let together = Together {
            ranks: Arc::clone(ranks),
            count,
            stands_in: self.stands_in,
        };
        Ok(Some((all.collect(), together)))
    }
}

/// With whom the statistics of a norm were taken.
#[derive(Debug)]
pub(crate) struct Together {
    pub(crate) ranks: Arc<dyn Communicator>,
    /// How many values of each channel all have.
    pub(crate) count: f64,
    /// Whether the values here are not among them.
    pub(crate) stands_in: bool,
}
