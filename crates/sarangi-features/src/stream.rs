//! Features of sound that comes piece by piece.

mod frames;
mod specs;
mod stage;

use ndarray::Array2;
use sarangi_core::{Error, Result, SampleRate, Spec};

pub(crate) use frames::FrameSource;
pub(crate) use stage::{Recursive, Stage, Windowed};

/// A feature of one channel of sound that comes piece by piece.
///
/// [`push`](Self::push) takes the next samples and gives the frames that are now known,
/// [`finish`](Self::finish) the rest; together they are the map of the whole sound, whatever the
/// pieces. A frame is known as soon as the sound that it is made of has come: half a transform after
/// its centre if frames are centred, and with a derivative half the fit's frames after that. Memory
/// does not grow with the sound.
#[derive(Debug)]
pub struct FeatureStream {
    source: FrameSource,
    stages: Vec<Box<dyn Stage>>,
    bins: usize,
}

impl FeatureStream {
    pub(crate) fn new(source: FrameSource) -> Self {
        Self {
            bins: source.bins(),
            source,
            stages: Vec::new(),
        }
    }

    /// The same, with a step after it that gives `bins` rows.
    pub(crate) fn then(mut self, stage: impl Stage + 'static, bins: usize) -> Self {
        self.stages.push(Box::new(stage));
        self.bins = bins;
        self
    }

    /// Rows of what it gives.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// The sampling rate that it was built for.
    pub fn rate(&self) -> SampleRate {
        self.source.rate()
    }

    /// Takes the next samples and returns the frames that are known now, which may be none.
    ///
    /// # Shapes
    /// (bins, new frames).
    ///
    /// # Errors
    /// None that depends on the sound; what a feature cannot accept is refused when it is built.
    pub fn push(&mut self, samples: &[f32]) -> Result<Array2<f32>> {
        let map = self.source.push(samples)?;
        let mut stages = self.stages.iter_mut();
        stages.try_fold(map, |map, stage| stage.push(map))
    }

    /// Returns the frames that waited for more sound.
    ///
    /// # Shapes
    /// (bins, last frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if the whole sound was too short for the feature.
    pub fn finish(mut self) -> Result<Array2<f32>> {
        let map = self.source.finish()?;
        let mut stages = self.stages.iter_mut();
        stages.try_fold(map, |map, stage| stage.finish(map))
    }
}

/// A specification of a feature that can follow a sound as it comes, or says why it cannot.
pub trait Streaming: Spec<SampleRate> {
    /// Plans the feature for sound that comes piece by piece.
    ///
    /// # Errors
    /// [`Error::Config`] as [`build`](Spec::build), and if a frame of the feature depends on sound
    /// that comes long after it.
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream>;
}

/// The refusal of a feature that must have heard the whole sound.
pub(crate) fn refusal(name: &'static str, field: &'static str, reason: &str) -> Error {
    Error::config(
        name,
        field,
        format!("cannot follow a sound as it comes: {reason}"),
    )
}
