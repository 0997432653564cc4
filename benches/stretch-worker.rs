//! Our side of `python benches/augment_quality.py --raw`: the transforms without reading and writing files.
//! The protocol is in `benches/peers/augment/commands.py`.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use sarangi::augment::WaveformAugmentation;
use sarangi::core::{Augment as _, SampleRate, Seed, Spec as _, Waveform};
use sarangi_benches::raw_sound;
use sarangi_benches::serving::cpu_ms;
use serde_json::{Map, json};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (kind, value, rate, runs) = match words[..] {
        ["time", kind, value, rate, runs] => (kind, value, rate, Some(runs.parse::<usize>()?)),
        [kind, value, rate] => (kind, value, rate, None),
        _ => bail!("stretch-worker [time] stretch|shift VALUE RATE [N] < SAMPLES"),
    };
    let (name, key) = match kind {
        "stretch" => ("time-stretch", "rate"),
        "shift" => ("pitch-shift", "semitones"),
        _ => bail!("`{kind}` is neither stretch nor shift"),
    };
    let settings = Map::from_iter([(key.to_owned(), json!(value.parse::<f64>()?))]);
    let spec = WaveformAugmentation::from_name(name, settings)?;
    let wave = Waveform::mono(samples()?, SampleRate::new(rate.parse()?)?);
    let changed = || -> Result<Waveform> {
        let plan = spec.build(wave.rate())?;
        Ok(plan.augment(wave.clone(), &mut Seed(0).rng(0, 0))?)
    };
    match runs {
        None => {
            let samples = changed()?.into_samples();
            let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::io::stdout().write_all(&bytes)?;
        }
        Some(runs) => {
            let mut times = String::new();
            for _ in 0..runs {
                let before = cpu_ms();
                changed()?;
                times += &format!("{}\n", cpu_ms() - before);
            }
            std::io::stderr().write_all(times.as_bytes())?;
        }
    }
    Ok(())
}

/// The samples on standard input: 32-bit floats, the low byte first.
fn samples() -> Result<Vec<f32>> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .context("standard input")?;
    raw_sound::samples(&bytes).context("standard input")
}
