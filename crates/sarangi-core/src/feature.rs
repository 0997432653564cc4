//! Features: what a network hears.

use ndarray::Array3;

use crate::{Transform, Waveform};

/// A feature of a sound, of shape (channels, bins, frames).
pub type FeatureMap = Array3<f32>;

/// A transform from sound to a [`FeatureMap`] whose shape is known before it runs.
pub trait Feature: Transform<Waveform, Out = FeatureMap> {
    /// The shape (channels, bins, frames) of the map of a sound of `samples` samples.
    fn shape(&self, samples: usize) -> [usize; 3];
}

impl<T: Feature + ?Sized> Feature for Box<T> {
    fn shape(&self, samples: usize) -> [usize; 3] {
        (**self).shape(samples)
    }
}
