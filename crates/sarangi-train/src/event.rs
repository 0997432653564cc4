//! What a training run tells whoever watches it.

use sarangi_data::{Corpus, Split};

use crate::EpochRecord;

/// Something that happened in a training run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// So many of the tracks have their features.
    Preparing {
        /// Tracks done.
        done: usize,
        /// All tracks.
        total: usize,
    },
    /// The data are ready and split.
    Prepared {
        /// The tracks.
        corpus: &'a Corpus,
        /// Which chunks train, validate, test.
        split: &'a Split,
        /// The numbers that training moves.
        parameters: usize,
    },
    /// Something that a person should know; the run goes on.
    Warning(String),
    /// A training batch is done.
    Step {
        /// The epoch, from 1.
        epoch: usize,
        /// Batches done in this epoch.
        done: usize,
        /// All batches of an epoch.
        total: usize,
        /// The mean loss so far in this epoch.
        loss: f64,
        /// The share of its chunks that were right.
        accuracy: f64,
        /// How many chunks these are.
        chunks: usize,
    },
    /// An epoch is done and saved.
    Epoch {
        /// Its record.
        record: &'a EpochRecord,
        /// The last epoch of the run.
        last: usize,
    },
    /// The run ends before its last epoch, since it no longer gets better.
    StoppedEarly {
        /// The epoch that it ended with.
        epoch: usize,
    },
}

/// Whoever watches a training run.
pub trait Observer: Sync {
    /// Is told of each event. `Preparing` comes from several threads at once.
    fn observe(&self, event: Event<'_>);
}

/// Nobody watches.
impl Observer for () {
    fn observe(&self, _: Event<'_>) {}
}
