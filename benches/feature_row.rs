//! The specs of the suite `features`, which `benches/comparison/suites/features.py` explains.

use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::raw_sound;

/// A row: where its sound lies, and what is done with it.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// The folder of the sounds.
    pub folder: PathBuf,
    /// The name of a file there.
    pub sound: String,
    /// What is computed.
    #[serde(flatten)]
    pub op: Op,
}

/// What a row computes.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// A feature by its name, of a sound at 22,050 Hz.
    Feature {
        /// The name that `sarangi extract` knows.
        name: String,
        /// What is not as librosa has it.
        settings: Map<String, Value>,
    },
    /// A complex short-time Fourier transform.
    Stft {
        /// Samples in a frame.
        n_fft: usize,
        /// Samples between frames.
        hop_length: usize,
    },
    /// A continuous wavelet transform with a value at each sample.
    Cwt {
        /// The lowest frequency in Hz.
        fmin: f64,
        /// How many scales.
        n_bins: usize,
        /// Scales per octave.
        bins_per_octave: usize,
    },
    /// The sounds that last and those that strike.
    Hpss,
    /// Another sampling rate.
    Resample {
        /// The rate of the sound in Hz.
        from: u32,
        /// The rate that it gets.
        to: u32,
    },
    /// A file decoded, mixed to one channel and resampled.
    Load {
        /// The rate in Hz.
        rate: u32,
    },
    /// A file decoded.
    Decode,
}

impl Row {
    /// The path of the sound.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.sound)
    }

    /// The samples of a sound that is nothing but f32, low byte first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn samples(&self) -> Result<Vec<f32>> {
        raw_sound::read(&self.path())
    }
}
