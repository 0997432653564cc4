//! From one sound file to one file of features.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ndarray::{Array4, Axis};
use sarangi::audio::{ChunkPlan, ChunkSpec, DecodeOptions, load};
use sarangi::core::Error;
use sarangi::prelude::{Feature, FeatureMap, FeatureSpec, SampleRate, Spec, Transform, Waveform};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pictures::Pictures;
use crate::args::{Common, ExtractArgs, Format};
use crate::commands::settings::settings;
use crate::npy;
use crate::usage::Usage;

/// The feature that is computed of chunks: it is the picture that a network is shown.
pub(super) const CHUNKED: &str = "five-channel";
/// Seconds of its chunks.
pub(super) const CHUNK_SECONDS: f64 = 3.0;
/// What a chunk may last at most: each is held in memory whole.
const LONGEST_CHUNK: f64 = 3600.0;

/// Everything that files are put through.
pub(super) struct Extraction {
    rate: SampleRate,
    options: DecodeOptions,
    feature: Box<dyn Feature>,
    chunks: Option<ChunkPlan>,
    pictures: Pictures,
    pub(super) format: Format,
}

/// A file that was written.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    output: String,
    shape: Vec<usize>,
}

impl Extraction {
    pub(super) fn new(
        name: &str,
        args: &ExtractArgs,
        common: &Common,
        format: Format,
    ) -> Result<Self> {
        let rate = SampleRate::new(args.rate)?;
        let mut settings = settings(&FeatureSpec::catalogue(), name, &args.settings);
        let chunk = match name {
            CHUNKED => {
                let chunk = settings.remove("chunk");
                check_chunked(&settings)?;
                chunk
            }
            _ if args.chunk.is_some() => {
                let reason = format!("--chunk: only {CHUNKED} is computed of chunks; leave it out");
                return Err(Usage(reason).into());
            }
            _ => None,
        };
        let seconds = match (args.chunk, chunk) {
            (Some(seconds), _) => seconds,
            (None, Some(seconds)) => seconds
                .as_f64()
                .with_context(|| format!("chunk: must be a number of seconds, got {seconds}"))?,
            (None, None) => CHUNK_SECONDS,
        };
        let spec = FeatureSpec::from_name(name, settings)?;
        let feature = spec.build(rate)?;
        let pictures = Pictures::new(spec, &args.picture, format)?;
        if seconds > LONGEST_CHUNK {
            bail!("chunk: must be at most {LONGEST_CHUNK} s, got {seconds}");
        }
        let chunk = ChunkSpec {
            seconds,
            ..ChunkSpec::default()
        };
        let chunks = (name == CHUNKED).then(|| chunk.build(rate)).transpose()?;
        if let Some(plan) = &chunks {
            // A chunk that is too short for the feature is no fault of the files.
            let silence = Waveform::mono(vec![0.0; plan.size()], rate);
            feature.apply(&silence).context("chunk")?;
        }
        let options = common.decoding();
        Ok(Self {
            rate,
            options,
            feature,
            chunks,
            pictures,
            format,
        })
    }

    /// Computes the feature of the file `input` and writes it to `output`.
    pub(super) fn run(&self, input: &Path, output: &Path) -> Result<Written, Error> {
        let wave = load(input, self.rate, &self.options)?;
        // What the feature cannot accept is known; of which file, only here.
        let named = |error: Error| Error::decode(input, error.to_string());
        let shape = match &self.chunks {
            None => {
                let map = self.feature.apply(&wave).map_err(named)?;
                match self.format {
                    Format::Npy if map.dim().0 == 1 => {
                        npy::write(output, &map.remove_axis(Axis(0)))?
                    }
                    Format::Npy => npy::write(output, &map)?,
                    Format::Png => self.pictures.write(output, &wave, &map)?,
                }
            }
            Some(plan) => {
                let maps = self.chunk_maps(plan, &wave).map_err(named)?;
                match self.format {
                    Format::Npy => npy::write(output, &maps)?,
                    Format::Png => self.pictures.write(output, &wave, &side_by_side(maps))?,
                }
            }
        };
        Ok(Written {
            output: output.display().to_string(),
            shape,
        })
    }

    /// The maps of all chunks, (chunks, channels, bins, frames).
    fn chunk_maps(&self, plan: &ChunkPlan, wave: &Waveform) -> Result<Array4<f32>, Error> {
        let [channels, bins, frames] = self.feature.shape(plan.size());
        let chunks = plan.cut(wave);
        let mut maps = Array4::zeros((chunks.len(), channels, bins, frames));
        for (chunk, mut map) in chunks.zip(maps.outer_iter_mut()) {
            map.assign(&self.feature.apply(&chunk)?);
        }
        Ok(maps)
    }
}

/// Chunks (chunks, channels, bins, frames) in one row: (channels, bins, chunks × frames).
fn side_by_side(maps: Array4<f32>) -> FeatureMap {
    let (chunks, channels, bins, frames) = maps.dim();
    let mut row = FeatureMap::zeros((channels, bins, chunks * frames));
    for (map, mut place) in maps
        .outer_iter()
        .zip(row.axis_chunks_iter_mut(Axis(2), frames))
    {
        place.assign(&map);
    }
    row
}

/// Refuses settings that the feature of chunks does not have, naming those it has: the feature
/// itself does not know of `chunk`.
fn check_chunked(settings: &Map<String, Value>) -> Result<(), Error> {
    let catalogue = FeatureSpec::catalogue();
    let entry = catalogue.iter().find(|entry| entry.name == CHUNKED);
    let known = entry.map(|entry| entry.parameters()).unwrap_or_default();
    match settings.keys().find(|key| !known.contains_key(*key)) {
        None => Ok(()),
        Some(key) => {
            let keys: Vec<_> = known.keys().map(String::as_str).chain(["chunk"]).collect();
            let reason = format!("unknown; known are {}", keys.join(", "));
            Err(Error::config(CHUNKED, key, reason))
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        write!(f, "{}  ({})", self.output, shape.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_stand_side_by_side_in_order() {
        let maps = Array4::from_shape_fn((2, 1, 1, 3), |(n, _, _, f)| (10 * n + f) as f32);
        let row = side_by_side(maps);
        assert_eq!(row.dim(), (1, 1, 6));
        assert_eq!(
            row.into_raw_vec_and_offset().0,
            [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]
        );
    }
}
