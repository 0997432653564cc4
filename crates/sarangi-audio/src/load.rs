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
        self.load_from(Decoder::open(path, options)?)
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
        self.load_from(Decoder::from_reader(reader, name, options)?)
    }

    /// Loads what a decoder gives, block by block, so that only the result is held in memory.
    ///
    /// # Errors
    /// As [`decode`](crate::decode).
    pub fn load_from(&self, mut decoder: Decoder) -> Result<Waveform> {
        let from = decoder.info().rate;
        let to = self.rate.unwrap_or(from);
        let channels = if self.mono {
            1
        } else {
            decoder.info().channels
        };
        // A low rate in the header makes any sound long at a higher one.
        decoder.check_memory(decoder.info().samples.unwrap_or(0), to, channels)?;
        let mut stream = ResampleStream::new(from, to, channels)?;
        let promised = decoder.info().samples.unwrap_or(0) as f64 / from.as_f64() * to.as_f64();
        let mut planes = Planes::new(channels, promised.ceil() as u64);
        while let Some(block) = decoder.next().transpose()? {
            decoder.check_memory(decoder.samples(), to, channels)?;
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

#[cfg(all(test, feature = "wav"))]
mod tests {
    use super::*;
    use crate::{WavFormat, decode, encode_wav};
    use ndarray::Array2;
    use sarangi_dsp::resample;

    #[test]
    fn whoever_is_stopped_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.wav");
        let wave = Waveform::mono(vec![0.1; 100_000], SampleRate::HZ_22050);
        encode_wav(&path, &wave, WavFormat::Pcm16).unwrap();
        let stop = sarangi_core::Stop::new();
        let open = || Decoder::open(&path, &DecodeOptions::default()).unwrap();
        assert!(
            LoadSpec::default()
                .load_from(open().stopped_by(&stop))
                .is_ok()
        );
        let mut decoder = open().stopped_by(&stop);
        assert!(decoder.next().unwrap().is_ok());
        stop.ask();
        let error = decoder.next().unwrap().unwrap_err();
        assert!(
            matches!(error, sarangi_core::Error::Stopped { .. }),
            "{error}"
        );
        assert!(decoder.next().is_none());
    }

    #[test]
    fn loading_by_blocks_is_decoding_then_downmix_then_resampling() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stereo.wav");
        let samples = Array2::from_shape_fn((2, 100_000), |(c, i)| {
            1.5 * (i as f32 * (0.01 + 0.02 * c as f32)).sin()
        });
        let wave = Waveform::new(samples, SampleRate::HZ_44100).unwrap();
        encode_wav(&path, &wave, WavFormat::Float32).unwrap();
        let options = DecodeOptions::default();

        let whole = decode(&path, &options).unwrap().into_mono();
        let want = resample(&whole, SampleRate::HZ_22050).unwrap();
        assert_eq!(load(&path, SampleRate::HZ_22050, &options).unwrap(), want);

        let as_it_is = LoadSpec {
            rate: None,
            mono: false,
        };
        assert_eq!(as_it_is.load(&path, &options).unwrap(), wave);
    }

    #[test]
    fn a_rate_that_makes_a_sound_too_long_is_refused_before_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slow.wav");
        let slow = Waveform::mono(vec![0.1; 3_000], SampleRate::new(1).unwrap());
        encode_wav(&path, &slow, WavFormat::Pcm16).unwrap();
        let options = DecodeOptions::default();
        let rate = SampleRate::new(1_048_573).unwrap();
        let error = load(&path, rate, &options).unwrap_err().to_string();
        assert!(
            error.contains(
                "slow.wav: does not fit into memory: it would be 3145719000 samples at 1048573 Hz"
            ),
            "{error}"
        );
        assert_eq!(decode(&path, &options).unwrap().len(), 3_000);

        // The same without a length in the header.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40..44].fill(0xff);
        let reader = std::io::Cursor::new(bytes);
        let spec = LoadSpec {
            rate: Some(rate),
            mono: true,
        };
        let error = spec
            .load_reader(reader, "x", &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains("does not fit into memory"), "{error}");
    }
}
