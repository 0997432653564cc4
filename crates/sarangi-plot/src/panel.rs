//! The parts of a chart.

use crate::{Axis, Layer};

/// One of the rectangles of a chart that stand above each other over the same axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands above it; empty for nothing.
    pub title: String,
    /// The axis beside it.
    pub y: Axis,
    /// What it shows, the last on top.
    pub layers: Vec<Layer>,
    /// What the colours of its first heat map mean, such as `dB`: written beside a bar of them. Without,
    /// there is no bar.
    pub key: Option<String>,
    /// Its share of the height; 1 unless set.
    pub height: f32,
}

impl Panel {
    /// An empty panel.
    pub fn new(y: Axis) -> Self {
        Self {
            title: String::new(),
            y,
            layers: Vec::new(),
            key: None,
            height: 1.0,
        }
    }

    /// The same with another thing on top.
    pub fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// The same with words above.
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// The same with a bar of its colours.
    pub fn keyed(self, key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }

    /// The first heat map that has a bar, and what its colours mean.
    pub(crate) fn heat(&self) -> Option<(&crate::Heat, &str)> {
        let key = self.key.as_deref()?;
        let heat = self.layers.iter().find_map(|layer| match layer {
            Layer::Heat(heat) => Some(heat),
            _ => None,
        })?;
        Some((heat, key))
    }
}
