//! Decoding, block by block or whole.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use sarangi_core::{Error, Result, SampleRate, Stop, Waveform};
use serde::{Deserialize, Serialize};

use crate::blocks::{Blocks, Opened};
use crate::fault::Fault;
use crate::open::{open, open_path};
use crate::planes::{MOST_SAMPLES, Planes};
use crate::source::Source;
use crate::{AudioFormat, AudioInfo};

/// 120 dB above full scale. Louder is no sound, and its powers soon overflow 32-bit floats.
const LOUDEST: f32 = 1e6;

/// How much is decoded, and what is forgiven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeOptions {
    /// The longest sound, in seconds, that is decoded; a longer one is an error. One hour.
    pub max_seconds: f64,
    /// Whether a file that ends too early gives the sound it has (with a warning in the log)
    /// instead of an error. No.
    pub allow_truncated: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            max_seconds: 3600.0,
            allow_truncated: false,
        }
    }
}

/// Decodes a sound file whole, at its own rate and with all its channels.
///
/// The format is told by the content; the name does not matter. Full scale is ±1, and values
/// beyond it are kept, up to a million times full scale. `soundfile.read(..., always_2d=True)`
/// transposed is the Python equivalent. The encoder's delay is removed from MP3 and Ogg Vorbis
/// where the file tells it; AAC keeps its delay.
///
/// # Shapes
/// (channels, samples).
///
/// # Errors
/// [`Error::Io`] if the file cannot be read. [`Error::Unsupported`] if its format or codec is not
/// built in. [`Error::Decode`] if it is empty, no regular file or not a sound file; has no audio
/// track or no samples; claims 0 Hz or no channels; is damaged or truncated; holds a sample that is
/// not finite or beyond a million times full scale; is longer than [`DecodeOptions::max_seconds`];
/// or has more samples than an hour of stereo at 192 kHz, which only a [`Decoder`] reads, block by
/// block. [`Error::Config`] if `max_seconds` is no length.
pub fn decode(path: impl AsRef<Path>, options: &DecodeOptions) -> Result<Waveform> {
    Decoder::open(path, options)?.read_to_end()
}

/// Decodes a sound from a reader, such as a `Cursor` over bytes. `name` stands for the file in
/// error messages.
///
/// # Errors
/// As [`decode`].
pub fn decode_reader(
    reader: impl Read + Seek + Send + Sync + 'static,
    name: impl AsRef<Path>,
    options: &DecodeOptions,
) -> Result<Waveform> {
    Decoder::from_reader(reader, name, options)?.read_to_end()
}

/// A sound that is decoded block by block, so that it need not fit into memory.
///
/// An iterator of blocks, whose lengths the format decides; all have the rate and the channels of
/// [`info`](Decoder::info). After an error it ends.
pub struct Decoder {
    path: PathBuf,
    options: DecodeOptions,
    info: AudioInfo,
    blocks: Box<dyn Blocks>,
    /// Samples per channel so far.
    samples: u64,
    done: bool,
    stop: Stop,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("path", &self.path)
            .field("info", &self.info)
            .field("samples", &self.samples)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// As [`decode`], as far as the header shows it.
    pub fn open(path: impl AsRef<Path>, options: &DecodeOptions) -> Result<Self> {
        Self::new(path.as_ref(), options, || open_path(path.as_ref()))
    }

    /// Reads the header from a reader. `name` stands for the file in error messages.
    ///
    /// # Errors
    /// As [`decode`], as far as the header shows it.
    pub fn from_reader(
        reader: impl Read + Seek + Send + Sync + 'static,
        name: impl AsRef<Path>,
        options: &DecodeOptions,
    ) -> Result<Self> {
        Self::new(name.as_ref(), options, || open(Source::new(reader)?))
    }

    fn new(
        path: &Path,
        options: &DecodeOptions,
        open: impl FnOnce() -> Result<Opened, Fault>,
    ) -> Result<Self> {
        if options.max_seconds.is_nan() || options.max_seconds <= 0.0 {
            return Err(Error::config(
                "decode",
                "max_seconds",
                format!("must be above 0, got {}", options.max_seconds),
            ));
        }
        let opened = open().map_err(|fault| fault.at(path))?;
        let decoder = Self {
            path: path.to_owned(),
            options: options.clone(),
            info: opened.info,
            blocks: opened.blocks,
            samples: 0,
            done: false,
            stop: Stop::new(),
        };
        decoder.check_length(decoder.info.samples.unwrap_or(0))?;
        Ok(decoder)
    }

    /// The same decoder, which looks at `stop` before each block and gives up with
    /// [`Error::Stopped`].
    #[must_use]
    pub fn stopped_by(self, stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            ..self
        }
    }

    /// What the header tells.
    pub fn info(&self) -> &AudioInfo {
        &self.info
    }

    /// Decodes the rest into one piece.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn read_to_end(mut self) -> Result<Waveform> {
        let channels = self.info.channels;
        self.check_memory(self.info.samples.unwrap_or(0), self.info.rate, channels)?;
        let mut planes = Planes::new(channels, self.info.samples.unwrap_or(0));
        while let Some(block) = self.next_block()? {
            self.check_memory(self.samples, self.info.rate, channels)?;
            planes.append(block.view());
        }
        planes.into_waveform(self.info.rate)
    }

    fn next_block(&mut self) -> Result<Option<Array2<f32>>> {
        if self.done {
            return Ok(None);
        }
        let block = self.checked_block();
        self.done = !matches!(block, Ok(Some(_)));
        block
    }

    fn checked_block(&mut self) -> Result<Option<Array2<f32>>> {
        self.stop.check("decoding")?;
        let block = match self.blocks.next() {
            Ok(block) => block,
            Err(Fault::Truncated(reason)) => {
                self.forgive_truncation(&reason)?;
                None
            }
            Err(fault) => return Err(fault.at(&self.path)),
        };
        match &block {
            Some(block) => {
                self.check_values(block)?;
                self.samples += block.ncols() as u64;
                self.check_length(self.samples)?;
            }
            None => self.check_end()?,
        }
        Ok(block)
    }

    fn bad(&self, reason: impl Into<String>) -> Error {
        Error::decode(&self.path, reason)
    }

    fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / self.info.rate.as_f64()
    }

    fn check_length(&self, samples: u64) -> Result<()> {
        let seconds = self.seconds(samples);
        if seconds > self.options.max_seconds {
            return Err(self.bad(format!(
                "is longer than the limit of {} s; cut it, or raise `max_seconds`",
                self.options.max_seconds
            )));
        }
        Ok(())
    }

    /// Refuses to hold `samples` per channel, once they have been brought to the rate `to`. Both
    /// a header and a codec that squeezes silence into nothing can promise any number.
    pub(crate) fn check_memory(&self, samples: u64, to: SampleRate, channels: usize) -> Result<()> {
        let len = self.seconds(samples) * to.as_f64() * channels as f64;
        if len > MOST_SAMPLES as f64 {
            return Err(self.bad(format!(
                "does not fit into memory: it would be {len:.0} samples at {to}, and at most \
                 {MOST_SAMPLES} are held; cut it, or choose a lower rate"
            )));
        }
        Ok(())
    }

    /// How many samples per channel have been decoded.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    fn check_values(&self, block: &Array2<f32>) -> Result<()> {
        // NaN compares as false and is caught too.
        let sane = |x: &f32| x.abs() <= LOUDEST;
        // Without a way out in the middle, which vectors do not have.
        if block.iter().fold(true, |all, x| all & sane(x)) {
            return Ok(());
        }
        let (first, value) = (0..block.ncols())
            .find_map(|i| Some((i, *block.column(i).iter().find(|x| !sane(x))?)))
            .unwrap_or_default();
        let at = self.seconds(self.samples + first as u64);
        Err(self.bad(if value.is_finite() {
            format!(
                "holds a sample of {value:e} times full scale, the first at {at:.6} s; the file \
                 is damaged or not normalised"
            )
        } else {
            format!("holds a sample that is not a finite number, the first at {at:.6} s")
        }))
    }

    fn check_end(&mut self) -> Result<()> {
        let promised = self.info.samples.unwrap_or(0);
        let tolerated = match self.info.format {
            AudioFormat::Wav | AudioFormat::Au | AudioFormat::Flac => 0,
            // Their headers count packets, of which encoders add and drop some at the ends.
            _ => promised / 100,
        };
        if self.samples < promised - tolerated {
            self.forgive_truncation(&format!(
                "its header promises {:.3} s, but the sound ends after {:.3} s",
                self.seconds(promised),
                self.seconds(self.samples)
            ))?;
        }
        if self.samples == 0 {
            return Err(self.bad("has no sound in it: there is not one sample"));
        }
        Ok(())
    }

    fn forgive_truncation(&self, reason: &str) -> Result<()> {
        if self.options.allow_truncated {
            tracing::warn!(path = %self.path.display(), reason, "file is truncated");
            return Ok(());
        }
        Err(Fault::truncated(reason).at(&self.path))
    }
}

impl Iterator for Decoder {
    type Item = Result<Waveform>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block()
            .and_then(|block| {
                block
                    .map(|block| Waveform::new(block, self.info.rate))
                    .transpose()
            })
            .transpose()
    }
}
