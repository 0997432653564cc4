//! `sarangi augment`.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use sarangi::audio::{LoadSpec, encode_wav};
use sarangi::augment::WaveformAugmentation;
use sarangi::core::{Error, write_atomically};
use sarangi::prelude::{Seed, Spec, Waveform};
use serde::Serialize;
use serde_json::{Map, Value};

use super::describe::{describe, settings};
use super::transform::transform;
use crate::args::{AugmentArgs, Bits, Common};
use crate::console::Console;
use crate::usage::Usage;

/// A file that was written.
#[derive(Serialize)]
struct Written<'a> {
    output: String,
    rate: u32,
    channels: usize,
    samples: usize,
    /// How many samples were cut at full scale.
    clipped: usize,
    applied: &'a [WaveformAugmentation],
}

pub(crate) fn augment(args: &AugmentArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let (Some(name), Some(input), Some(output)) = (&args.transform, &args.input, &args.output)
    else {
        return list(console);
    };
    check_names(args, input, output)?;
    let spec = transform(name, &args.settings)?;
    let load = LoadSpec {
        rate: None,
        mono: args.mono,
    };
    let wave = load.load(input, &common.decoding())?;
    let augmenter = spec.build(wave.rate())?;
    let (wave, applied) = augmenter
        .augment_logged(wave, &mut Seed(args.seed).rng(0, 0))
        // What a transform cannot accept is known; of which file, only here.
        .map_err(|error| Error::decode(input, error.to_string()))?;
    encode_wav(output, &wave, args.bits.into())?;
    if let Some(log) = &args.log {
        write_log(log, &applied)?;
    }
    let clipped = clipped(&wave, args.bits);
    if clipped > 0 {
        console.note(format_args!(
            "warning: {}: {clipped} sample(s) beyond full scale were cut; leave out --bits 16 to \
             keep them",
            output.display()
        ));
    }
    let written = Written {
        output: output.display().to_string(),
        rate: wave.rate().hz(),
        channels: wave.channels(),
        samples: wave.len(),
        clipped,
        applied: &applied,
    };
    console.answer(&written, &written)
}

fn check_names(args: &AugmentArgs, input: &Path, output: &Path) -> Result<(), Usage> {
    let ends_in = |path: &Path, ending: &str| {
        let found = path.extension();
        found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
    };
    if input.is_dir() {
        let input = input.display();
        return Err(Usage(format!(
            "IN is a folder, `{input}`; use `sarangi prepare augment` for all of its files"
        )));
    }
    if !ends_in(output, "wav") {
        let output = output.display();
        return Err(Usage(format!("OUT must end in .wav, got `{output}`")));
    }
    match &args.log {
        Some(log) if !ends_in(log, "json") => {
            let log = log.display();
            Err(Usage(format!("--log: must end in .json, got `{log}`")))
        }
        _ => Ok(()),
    }
}

/// How many samples are cut when they are stored.
pub(super) fn clipped(wave: &Waveform, bits: Bits) -> usize {
    match bits {
        Bits::Pcm16 => wave.samples().iter().filter(|x| x.abs() > 1.0).count(),
        Bits::Float32 => 0,
    }
}

/// Writes what was applied as a transform that does it again.
fn write_log(path: &Path, applied: &[WaveformAugmentation]) -> Result<(), Error> {
    let again = WaveformAugmentation::in_order(applied.to_vec());
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(&mut *out, &again)
            .map_err(std::io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|e| Error::io(path, e))
    })
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.samples as f64 / f64::from(self.rate);
        let (output, rate, channels) = (&self.output, self.rate, self.channels);
        write!(
            f,
            "{output}  {rate} Hz, {channels} channel(s), {seconds:.2} s"
        )?;
        for transform in self.applied {
            match serde_json::to_value(transform) {
                Ok(Value::Object(mut fields)) => {
                    let kind = fields.shift_remove("type");
                    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
                    // What was drawn is certain.
                    fields.shift_remove("p");
                    let settings: Vec<_> = settings(&fields).collect();
                    write!(f, "\n  {kind} {}", settings.join(" "))?;
                }
                // A transform is a struct of numbers and names: nothing in it can fail.
                _ => continue,
            }
        }
        match self.applied {
            [] => f.write_str("\n  as it was: no transform was drawn"),
            _ => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    summary: &'static str,
    parameters: Map<String, Value>,
}

fn list(console: &Console) -> Result<()> {
    let catalogue = WaveformAugmentation::catalogue();
    let entries = catalogue.iter().map(|entry| Listed {
        name: entry.name,
        summary: entry.summary,
        parameters: entry.parameters(),
    });
    let entries: Vec<_> = entries.collect();
    let mut text = String::new();
    for entry in &entries {
        let heading = format!("{}: {}", entry.name, entry.summary);
        describe(&mut text, &heading, &entry.parameters);
    }
    text += "A range [low,high] is drawn from uniformly. A file takes several transforms: compose, \
             one_of, some_of.";
    console.answer(&entries, text)
}
