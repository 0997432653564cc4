//! What the workers are told to do.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::serving::{Product, Values};

#[derive(Deserialize)]
pub struct Row {
    pub folder: PathBuf,
    pub sound: String,
    #[serde(flatten)]
    pub op: Op,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    Feature {
        name: String,
        settings: Map<String, Value>,
    },
    Stft {
        n_fft: usize,
        hop_length: usize,
    },
    Cwt {
        fmin: f64,
        n_bins: usize,
        bins_per_octave: usize,
    },
    Resample {
        from: u32,
        to: u32,
    },
    Load {
        rate: u32,
    },
    Decode,
}

impl Row {
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.sound)
    }

    pub fn samples(&self) -> Result<Vec<f32>> {
        let bytes = std::fs::read(self.path())?;
        let (samples, _) = bytes.as_chunks::<4>();
        Ok(samples.iter().map(|&x| f32::from_le_bytes(x)).collect())
    }

    pub fn doubles(&self) -> Result<Vec<f64>> {
        Ok(self.samples()?.into_iter().map(f64::from).collect())
    }

    /// The error of a peer that does not compute a row.
    pub fn unknown<T>(&self) -> Result<T> {
        Err(anyhow!("this library does not do {:?}", self.op))
    }
}

/// A result of which only the shape is told: no row compares the values of these peers.
pub fn shaped<T: 'static>(result: T, shape: impl Fn(&T) -> Vec<usize> + 'static) -> Product {
    Box::new(move || Values {
        shape: shape(&result),
        values: Vec::new(),
    })
}
