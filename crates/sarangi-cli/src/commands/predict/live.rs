//! `sarangi predict --live`: listening to samples as they come in.

use std::io::{Read, stdin};

use anyhow::{Context, Result, bail};
use sarangi::core::Waveform;
use sarangi::prelude::Classifier;
use sarangi::train::Update;

use super::ranking;
use crate::args::{PredictArgs, Samples};
use crate::console::Console;

/// Of how many seconds the answer is unless told otherwise.
const MEMORY: f64 = 30.0;
/// How many times a second input is looked at.
const LOOKS: usize = 20;

pub(super) fn listen(
    classifier: &Classifier,
    samples: Samples,
    args: &PredictArgs,
    console: &Console,
) -> Result<()> {
    let Samples { rate, channels } = samples;
    let memory = args.memory.unwrap_or(MEMORY);
    let mut listener = classifier.listen(rate)?.with_memory(memory);
    let frame = 2 * usize::from(channels);
    let mut block = vec![0u8; frame * (rate.hz() as usize / LOOKS).max(1)];
    let mut input = stdin().lock();
    let mut last = None;
    loop {
        let read = fill(&mut input, &mut block).context("-")?;
        if read % frame != 0 {
            bail!(
                "-: ends in the middle of a sample: are there {channels} channels of 16 bits in it?"
            );
        }
        let wave = Waveform::from_channels(planes(&block[..read], channels), rate)?;
        // Of several, the newest says it all.
        if let Some(mut update) = listener.push(&wave)?.pop() {
            update.so_far.ranking.truncate(args.top_k.max(1));
            console.answer(&update, line(&update))?;
            last = Some(update.seconds);
        }
        if read < block.len() {
            break;
        }
    }
    match last {
        Some(_) => Ok(()),
        None => bail!("-: holds less than a second of sound"),
    }
}

fn line(update: &Update) -> String {
    format!("{:.1} s: {}", update.seconds, ranking(&update.so_far))
}

/// Fills the block, or as much of it as there is before the end.
fn fill(input: &mut impl Read, block: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match input.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Interleaved 16-bit samples as channels from −1 to 1.
fn planes(bytes: &[u8], channels: u16) -> Vec<Vec<f32>> {
    let sample = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0;
    let channels = usize::from(channels);
    (0..channels)
        .map(|c| {
            bytes
                .chunks_exact(2)
                .skip(c)
                .step_by(channels)
                .map(sample)
                .collect()
        })
        .collect()
}
