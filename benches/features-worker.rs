//! Our side of `python benches/compare.py --suite features`: computes features of the sounds that it is
//! told on standard input and answers with the times. The protocol is in
//! `benches/comparison/worker.py`, the specs in `benches/comparison/suites/features.py`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use ndarray::{Array2, ArrayBase, Data, Dimension};
use sarangi::audio::{DecodeOptions, decode, load};
use sarangi::core::{SampleRate, Spec, Waveform};
use sarangi::dsp::{Complex32, StftSpec, resample};
use sarangi::features::{CwtSpec, FeatureSpec};
use sarangi_benches::serving::{Iteration, Product, Values, serve};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A row: where its sound lies, and what is done with it.
#[derive(Deserialize)]
struct Row {
    folder: PathBuf,
    sound: String,
    #[serde(flatten)]
    op: Op,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Op {
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

fn main() -> Result<()> {
    serve("sarangi", || {}, build)
}

fn build(row: &Row) -> Result<Iteration> {
    let path = row.folder.join(&row.sound);
    match &row.op {
        Op::Feature { name, settings } => {
            let wave = Waveform::mono(samples(&path)?, SampleRate::HZ_22050);
            let plan = FeatureSpec::from_name(name, settings.clone())?.build(wave.rate())?;
            Ok(Box::new(move || Ok(reals(plan.apply(&wave)?))))
        }
        Op::Stft { n_fft, hop_length } => {
            let spec = StftSpec {
                n_fft: *n_fft,
                hop_length: Some(*hop_length),
                ..StftSpec::default()
            };
            let (plan, samples) = (spec.build(())?, samples(&path)?);
            Ok(Box::new(move || Ok(complex(plan.complex(&samples)?))))
        }
        Op::Cwt {
            fmin,
            n_bins,
            bins_per_octave,
        } => {
            let spec = CwtSpec {
                fmin: *fmin,
                n_bins: *n_bins,
                bins_per_octave: *bins_per_octave,
                ..CwtSpec::default()
            };
            let plan = spec.build(SampleRate::HZ_22050)?;
            let samples = samples(&path)?;
            Ok(Box::new(move || Ok(complex(plan.complex(&samples)?))))
        }
        Op::Resample { from, to } => {
            let (from, to) = (SampleRate::new(*from)?, SampleRate::new(*to)?);
            let wave = Waveform::mono(samples(&path)?, from);
            Ok(Box::new(move || Ok(sound(resample(&wave, to)?))))
        }
        Op::Load { rate } => {
            let rate = SampleRate::new(*rate)?;
            let options = DecodeOptions::default();
            Ok(Box::new(move || Ok(sound(load(&path, rate, &options)?))))
        }
        Op::Decode => {
            let options = DecodeOptions::default();
            Ok(Box::new(move || Ok(sound(decode(&path, &options)?))))
        }
    }
}

/// A file of nothing but samples, f32 with the low byte first.
fn samples(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path)?;
    let (samples, _) = bytes.as_chunks::<4>();
    Ok(samples.iter().map(|&x| f32::from_le_bytes(x)).collect())
}

fn reals<S, D>(map: ArrayBase<S, D>) -> Product
where
    S: Data<Elem = f32> + 'static,
    D: Dimension + 'static,
{
    Box::new(move || Values {
        shape: map.shape().to_vec(),
        values: map.iter().copied().collect(),
    })
}

fn complex(map: Array2<Complex32>) -> Product {
    Box::new(move || Values {
        shape: vec![map.nrows(), map.ncols(), 2],
        values: map.iter().flat_map(|x| [x.re, x.im]).collect(),
    })
}

fn sound(wave: Waveform) -> Product {
    reals(wave.into_samples())
}
