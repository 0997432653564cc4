//! What a file says about itself.

use std::path::Path;

use sarangi_core::{Result, SampleRate};
use serde::Serialize;

use crate::AudioFormat;
use crate::fault::Fault;
use crate::open::open_path;

/// Faster is no sound, but a damaged header.
const FASTEST: u32 = 1 << 20;
/// More is no music, but a damaged header.
const MOST_CHANNELS: usize = 256;

/// What the header of a sound file tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AudioInfo {
    /// The container.
    pub format: AudioFormat,
    /// How the samples are coded, such as `16-bit PCM`, `µ-law`, `vorbis`.
    pub codec: String,
    /// The sampling rate.
    pub rate: SampleRate,
    /// The number of channels.
    pub channels: usize,
    /// The number of samples in each channel, where the header tells it: an MP3 without a Xing,
    /// Info or VBRI frame and an AAC stream do not.
    pub samples: Option<u64>,
    /// The length in seconds, where the header tells it.
    pub seconds: Option<f64>,
}

/// Reads what the header of a sound file tells, without decoding the sound.
///
/// # Errors
/// As [`decode`](crate::decode), as far as the header shows it.
pub fn inspect(path: impl AsRef<Path>) -> Result<AudioInfo> {
    let path = path.as_ref();
    open_path(path)
        .map(|opened| opened.info)
        .map_err(|fault| fault.at(path))
}

impl AudioInfo {
    /// Checks what the header claims.
    pub(crate) fn new(
        format: AudioFormat,
        codec: impl Into<String>,
        hz: u32,
        channels: usize,
    ) -> Result<Self, Fault> {
        let rate = SampleRate::new(hz)
            .ok()
            .filter(|_| hz <= FASTEST)
            .ok_or_else(|| {
                Fault::bad(format!(
                    "header is damaged: it claims a rate of {hz} Hz, which must be 1 to {FASTEST}"
                ))
            })?;
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(Fault::bad(format!(
                "header is damaged: it claims {channels} channels, which must be 1 to {MOST_CHANNELS}"
            )));
        }
        Ok(Self {
            format,
            codec: codec.into(),
            rate,
            channels,
            samples: None,
            seconds: None,
        })
    }

    /// Adds the length.
    pub(crate) fn with_samples(self, samples: u64) -> Self {
        Self {
            samples: Some(samples),
            seconds: Some(samples as f64 / self.rate.as_f64()),
            ..self
        }
    }
}
