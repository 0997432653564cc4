//! A network without its head.

use std::sync::Arc;

use crate::Stage;
use crate::extent::Extent;

/// Named stages from a picture to one vector for each item.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) stages: Vec<(String, Arc<dyn Stage>)>,
    /// The channels that it takes.
    pub(crate) channels: usize,
    /// The sizes of picture that it takes.
    pub(crate) extent: Extent,
    /// The numbers of the vector that it gives.
    pub(crate) features: usize,
}

impl Base {
    pub(crate) fn new(channels: usize, extent: Extent) -> Self {
        Self {
            stages: Vec::new(),
            channels,
            extent,
            features: 0,
        }
    }

    /// Adds the next stage.
    pub(crate) fn stage(&mut self, name: impl Into<String>, stage: impl Stage + 'static) {
        self.stages.push((name.into(), Arc::new(stage)));
    }
}
