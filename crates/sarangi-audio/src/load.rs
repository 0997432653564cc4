//! Sound as a model takes it: at one rate, usually mono.

use std::io::{Read, Seek};
use std::path::Path;

use sarangi_core::{Result, SampleRate, Waveform};
use sarangi_dsp::ResampleStream;
use serde::{Deserialize, Serialize};

use crate::planes::Planes;
use crate::{DecodeOptions, Decoder};

/// How a sound file becomes the input of a feature: rate and downmix, `librosa.load`'s parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadSpec {
    /// The sampling rate; None keeps that of the file. 22,050 Hz.
    pub rate: Option<SampleRate>,
    /// Whether the channels are averaged into one. Yes.
    pub mono: bool,
}

impl Default for LoadSpec {
    fn default() -> Self {
        Self {
            rate: Some(SampleRate::HZ_22050),
            mono: true,
        }
    }
}

impl LoadSpec {
    /// Loads a file.
    ///
    /// # Errors
    /// As [`decode`](crate::decode).
    pub fn load(&self, path: impl AsRef<Path>, options: &DecodeOptions) -> Result<Waveform> {
        self.convert(Decoder::open(path, options)?)
    }

    /// Loads from a reader. `name` stands for the file in error messages.
    ///
    /// # Errors
    /// As [`decode`](crate::decode).
    pub fn load_reader(
        &self,
        reader: impl Read + Seek + Send + Sync + 'static,
        name: impl AsRef<Path>,
        options: &DecodeOptions,
    ) -> Result<Waveform> {
        self.convert(Decoder::from_reader(reader, name, options)?)
    }

    /// Block by block, so that only the result is held in memory.
    fn convert(&self, decoder: Decoder) -> Result<Waveform> {
        let from = decoder.info().rate;
        let to = self.rate.unwrap_or(from);
        let channels = if self.mono {
            1
        } else {
            decoder.info().channels
        };
        let mut stream = ResampleStream::new(from, to, channels)?;
        let mut planes = Planes::new(channels);
        for block in decoder {
            let block = block?;
            let block = if self.mono { block.into_mono() } else { block };
            planes.append(stream.push(&block)?.samples());
        }
        planes.append(stream.finish()?.samples());
        planes.into_waveform(to)
    }
}

/// Loads a file as mono at `rate`: `librosa.load(path, sr=rate)`.
///
/// Decodes, averages the channels, and resamples to ⌈samples × rate / from⌉ samples. Values beyond
/// ±1 are kept.
///
/// # Shapes
/// (1, samples).
///
/// # Errors
/// As [`decode`](crate::decode).
pub fn load(path: impl AsRef<Path>, rate: SampleRate, options: &DecodeOptions) -> Result<Waveform> {
    let spec = LoadSpec {
        rate: Some(rate),
        mono: true,
    };
    spec.load(path, options)
}
