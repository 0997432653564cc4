//! From a sound file to what the network hears.

use std::path::Path;

use ndarray::Array4;
use sarangi_audio::{ChunkPlan, ChunkSpec, DecodeOptions, Decoder, LoadSpec, Tail};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Stop, Waveform};
use sarangi_features::FeatureSpec;
use serde::{Deserialize, Serialize};

use crate::Fingerprint;
use crate::fingerprint::SoundPrinter;

/// Everything between a sound file and the network's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundSpec {
    /// The rate in Hz to which every file is resampled, after its channels are averaged.
    #[serde(default = "default_rate")]
    pub rate: SampleRate,
    /// The longest file, in seconds, that is taken in.
    #[serde(default = "default_max_seconds")]
    pub max_seconds: f64,
    /// How a track is cut.
    #[serde(default)]
    pub chunk: ChunkSpec,
    /// What is computed of each chunk.
    pub features: FeatureSpec,
}

fn default_rate() -> SampleRate {
    SampleRate::HZ_22050
}

fn default_max_seconds() -> f64 {
    DecodeOptions::default().max_seconds
}

/// A front end for sounds, ready to run from any thread.
pub struct SoundFrontEnd {
    rate: SampleRate,
    decoding: DecodeOptions,
    chunks: ChunkPlan,
    all_chunks: ChunkPlan,
    feature: Box<dyn Feature>,
    printer: SoundPrinter,
    shape: [usize; 3],
    identity: String,
}

impl std::fmt::Debug for SoundFrontEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoundFrontEnd")
            .field("spec", &self.identity)
            .finish_non_exhaustive()
    }
}

impl Spec<()> for SoundSpec {
    type Built = SoundFrontEnd;

    fn build(&self, (): ()) -> Result<SoundFrontEnd> {
        if self.chunk.tail == Tail::Keep {
            let reason = "`keep` leaves a short last chunk, which a network cannot batch; \
                          use `pad` or `drop`";
            return Err(Error::config("chunk", "tail", reason));
        }
        let chunks = self.chunk.build(self.rate)?;
        // Whoever asks what a song is wants all of it heard, and no chunk of mere silence.
        let all_chunks = ChunkSpec {
            count: None,
            tail: Tail::Drop,
            ..self.chunk.clone()
        };
        let all_chunks = all_chunks.build(self.rate)?;
        let feature = self.features.build(self.rate)?;
        let shape = feature.shape(chunks.size());
        let identity = serde_json::to_string(self)
            .map_err(|e| Error::config("front_end", "features", e.to_string()))?;
        let decoding = DecodeOptions {
            max_seconds: self.max_seconds,
            ..DecodeOptions::default()
        };
        let rate = self.rate;
        let built = SoundFrontEnd {
            rate,
            decoding,
            chunks,
            all_chunks,
            feature,
            printer: SoundPrinter::new(rate)?,
            shape,
            identity,
        };
        // One chunk of silence shows now what would else show on every file.
        built.map(&Waveform::mono(vec![0.0; built.chunks.size()], rate))?;
        Ok(built)
    }
}

impl SoundFrontEnd {
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

    /// The same front end, taking in files of up to `seconds`.
    #[must_use]
    pub fn with_max_seconds(mut self, seconds: f64) -> Self {
        self.decoding.max_seconds = seconds;
        self
    }

    /// Reads a file at the front end's rate, its channels averaged.
    ///
    /// # Errors
    /// As [`sarangi_audio::load`].
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Waveform> {
        self.hear(Decoder::open(path, &self.decoding)?)
    }

    /// What a decoder gives, at the front end's rate, its channels averaged.
    ///
    /// # Errors
    /// As [`decode`](sarangi_audio::decode).
    pub fn hear(&self, decoder: Decoder) -> Result<Waveform> {
        let spec = LoadSpec {
            rate: Some(self.rate),
            mono: true,
        };
        spec.load_from(decoder)
    }

    /// How files are decoded.
    pub fn decoding(&self) -> &DecodeOptions {
        &self.decoding
    }

    /// The same front end, which for a [prediction](Self::all_chunks) begins a chunk every `hop` samples.
    #[must_use]
    pub fn with_hop(self, hop: usize) -> Self {
        Self {
            all_chunks: self.all_chunks.with_hop(hop),
            ..self
        }
    }

    /// How many samples lie between the beginnings of two of [`all_chunks`](Self::all_chunks).
    pub fn hop(&self) -> usize {
        self.all_chunks.hop()
    }

    /// How many samples a chunk has.
    pub fn chunk_size(&self) -> usize {
        self.all_chunks.size()
    }

    /// The maps of the chunks that a track trains and is scored with, (chunks, channels, bins,
    /// frames): the first `count` if the description limits them. The sound is mono, at
    /// [`rate`](Self::rate).
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has another rate or its features are not finite; whatever the
    /// feature cannot accept.
    pub fn chunks(&self, wave: &Waveform) -> Result<Array4<f32>> {
        self.maps(wave, &self.chunks, &Stop::new())
    }

    /// The maps of all whole chunks of a sound, which a prediction is made from; a sound shorter
    /// than one is filled up with silence.
    ///
    /// # Errors
    /// As [`chunks`](Self::chunks).
    pub fn all_chunks(&self, wave: &Waveform) -> Result<Array4<f32>> {
        self.all_chunks_unless(wave, &Stop::new())
    }

    /// As [`all_chunks`](Self::all_chunks), looking at `stop` before each chunk.
    ///
    /// # Errors
    /// As [`chunks`](Self::chunks), and [`Error::Stopped`].
    pub fn all_chunks_unless(&self, wave: &Waveform, stop: &Stop) -> Result<Array4<f32>> {
        self.maps(wave, &self.all_chunks, stop)
    }

    /// The fingerprint of a mono sound at [`rate`](Self::rate).
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound is empty or has another rate.
    pub fn fingerprint(&self, wave: &Waveform) -> Result<Fingerprint> {
        match wave.rate() == self.rate {
            true => self.printer.print(wave),
            false => Err(Error::shape("fingerprint", self.rate, wave.rate())),
        }
    }

    /// The start and end, in seconds, of each of [`all_chunks`](Self::all_chunks) of a sound of
    /// `samples` samples at [`rate`](Self::rate).
    pub fn times(&self, samples: usize) -> Vec<(f64, f64)> {
        let time = |at: usize| self.rate.seconds(at);
        let spans = self.all_chunks.chunks(samples);
        spans
            .map(|span| (time(span.start), time(span.start + span.len)))
            .collect()
    }

    fn maps(&self, wave: &Waveform, plan: &ChunkPlan, stop: &Stop) -> Result<Array4<f32>> {
        if wave.rate() != self.rate {
            return Err(Error::shape("front end", self.rate, wave.rate()));
        }
        let chunks = plan.cut(wave);
        let [channels, bins, frames] = self.shape;
        let mut maps = Array4::zeros((chunks.len(), channels, bins, frames));
        for (chunk, mut to) in chunks.zip(maps.outer_iter_mut()) {
            stop.check("computing features")?;
            to.assign(&self.map(&chunk)?);
        }
        Ok(maps)
    }

    /// The map of one chunk, (channels, bins, frames).
    ///
    /// # Errors
    /// As [`chunks`](Self::chunks).
    pub fn map(&self, chunk: &Waveform) -> Result<FeatureMap> {
        let map = self.feature.apply(chunk)?;
        if map.shape() != self.shape {
            let (expected, got) = (format!("{:?}", self.shape), format!("{:?}", map.shape()));
            return Err(Error::shape("front end", expected, got));
        }
        if map.iter().any(|value| !value.is_finite()) {
            let got = "NaN or infinity";
            return Err(Error::shape("front end", "finite features", got));
        }
        Ok(map)
    }

    /// Where chunk `index` of a track begins and how long it is, in samples.
    pub fn chunk_span(&self, index: usize) -> (usize, usize) {
        (index * self.chunks.hop(), self.chunks.size())
    }
}
