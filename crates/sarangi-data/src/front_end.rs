//! From a sound file to what the network hears.

use std::path::Path;

use ndarray::{Array4, Axis};
use sarangi_audio::{ChunkPlan, ChunkSpec, DecodeOptions, Tail, load};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Waveform};
use sarangi_features::FeatureSpec;
use serde::{Deserialize, Serialize};

/// Everything between a file and the network's input. It is stored in every model file, and
/// training, evaluation and prediction all run the same one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontEndSpec {
    /// The rate in Hz to which every file is resampled, after its channels are averaged.
    #[serde(default = "default_rate")]
    pub rate: SampleRate,
    /// How a track is cut.
    #[serde(default)]
    pub chunk: ChunkSpec,
    /// What is computed of each chunk.
    pub features: FeatureSpec,
}

fn default_rate() -> SampleRate {
    SampleRate::HZ_22050
}

/// The front end, ready to run from any thread.
pub struct FrontEnd {
    rate: SampleRate,
    chunks: ChunkPlan,
    feature: Box<dyn Feature>,
    shape: [usize; 3],
    identity: String,
}

impl std::fmt::Debug for FrontEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrontEnd")
            .field("spec", &self.identity)
            .finish_non_exhaustive()
    }
}

impl Spec<()> for FrontEndSpec {
    type Built = FrontEnd;

    fn build(&self, (): ()) -> Result<FrontEnd> {
        if self.chunk.tail == Tail::Keep {
            let reason = "`keep` leaves a short last chunk, which a network cannot batch; \
                          use `pad` or `drop`";
            return Err(Error::config("chunk", "tail", reason));
        }
        let chunks = self.chunk.build(self.rate)?;
        let feature = self.features.build(self.rate)?;
        let shape = feature.shape(chunks.size());
        let identity = serde_json::to_string(self)
            .map_err(|e| Error::config("front_end", "features", e.to_string()))?;
        Ok(FrontEnd {
            rate: self.rate,
            chunks,
            feature,
            shape,
            identity,
        })
    }
}

impl FrontEnd {
    /// The shape (channels, bins, frames) of every chunk's map.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The rate at which it works.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// A text that differs whenever the results could.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The start and end of each chunk of a track of `samples` samples at [`rate`](Self::rate),
    /// in seconds.
    pub fn times(&self, samples: usize) -> Vec<(f64, f64)> {
        let time = |at: usize| self.rate.seconds(at);
        let spans = self.chunks.chunks(samples);
        spans
            .into_iter()
            .map(|span| (time(span.start), time(span.start + span.len)))
            .collect()
    }

    /// Reads a file at the front end's rate, its channels averaged.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self, path: impl AsRef<Path>, options: &DecodeOptions) -> Result<Waveform> {
        load(path, self.rate, options)
    }

    /// The maps of all chunks, (chunks, channels, bins, frames), of a mono sound at
    /// [`rate`](Self::rate).
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has another rate; whatever the feature cannot accept.
    pub fn chunks(&self, wave: &Waveform) -> Result<Array4<f32>> {
        if wave.rate() != self.rate {
            return Err(Error::shape("front end", self.rate, wave.rate()));
        }
        let maps: Vec<FeatureMap> = self
            .chunks
            .cut(wave)
            .map(|chunk| self.feature.apply(&chunk))
            .collect::<Result<_>>()?;
        let views: Vec<_> = maps.iter().map(|map| map.view()).collect();
        if views.is_empty() {
            let [channels, bins, frames] = self.shape;
            return Ok(Array4::zeros((0, channels, bins, frames)));
        }
        ndarray::stack(Axis(0), &views).map_err(|_| {
            let got: Vec<_> = maps.iter().map(|map| map.dim()).collect();
            Error::shape(
                "front end",
                format_args!("{:?}", self.shape),
                format_args!("{got:?}"),
            )
        })
    }
}
