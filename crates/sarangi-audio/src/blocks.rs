//! What every reader of a format gives.

use ndarray::Array2;

use crate::AudioInfo;
use crate::fault::Fault;

/// The decoded sound, block by block, each of shape (channels, samples).
pub(crate) trait Blocks: Send + Sync {
    /// The next block, or None at the end.
    fn next(&mut self) -> Result<Option<Array2<f32>>, Fault>;
}

/// A sound whose header has been read.
pub(crate) struct Opened {
    pub(crate) info: AudioInfo,
    pub(crate) blocks: Box<dyn Blocks>,
}
