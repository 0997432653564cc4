//! Our side of `python benches/compare.py --suite augment`: transforms the sounds that it is told on standard
//! input and answers with the times. The protocol is in `benches/comparison/worker.py`, the specs in
//! `benches/comparison/suites/augment.py`.

use std::path::PathBuf;

use anyhow::Result;
use sarangi::augment::WaveformAugmentation;
use sarangi::core::{Augment as _, SampleRate, Seed, Spec as _, Waveform};
use sarangi_benches::raw_sound;
use sarangi_benches::serving::{Iteration, Values, serve};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A transform and what it changes.
#[derive(Debug, Deserialize)]
struct Row {
    folder: PathBuf,
    sound: String,
    rate: u32,
    name: String,
    settings: Map<String, Value>,
}

fn main() -> Result<()> {
    serve("sarangi", || {}, build)
}

fn build(row: &Row) -> Result<Iteration> {
    let samples = raw_sound::read(&row.folder.join(&row.sound))?;
    let wave = Waveform::mono(samples, SampleRate::new(row.rate)?);
    let spec = WaveformAugmentation::from_name(&row.name, row.settings.clone())?;
    let plan = spec.build(wave.rate())?;
    Ok(Box::new(move || {
        let changed = plan.augment(wave.clone(), &mut Seed(0).rng(0, 0))?;
        Ok(Box::new(move || Values {
            shape: vec![changed.channels(), changed.len()],
            values: changed.samples().iter().copied().collect(),
        }))
    }))
}
