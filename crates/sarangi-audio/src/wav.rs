//! RIFF WAVE, RF64 and BW64.

use std::io::{Seek, SeekFrom};

use crate::blocks::Opened;
use crate::fault::Fault;
use crate::pcm::{Coding, PcmBlocks};
use crate::source::Source;
use crate::{AudioFormat, AudioInfo};

/// Programs that write to a pipe put this where the length should be.
const UNKNOWN: u32 = u32::MAX;

struct Format {
    coding: Coding,
    channels: usize,
    hz: u32,
}

/// Walks over the chunks up to the samples.
pub(crate) fn open(mut source: Source) -> Result<Opened, Fault> {
    let mut format = None;
    let mut long_len = None;
    let mut at = 12;
    loop {
        let head = source.peek(at, 8)?;
        let &[a, b, c, d, e, f, g, h] = head.as_slice() else {
            return Err(Fault::bad("file is truncated: it has no `data` chunk"));
        };
        let len = u32::from_le_bytes([e, f, g, h]);
        at += 8;
        match &[a, b, c, d] {
            b"fmt " => format = Some(read_format(&source.peek(at, 40.min(len as usize))?)?),
            // RF64: the lengths that do not fit into 32 bits are here.
            b"ds64" => {
                long_len = source
                    .peek(at + 8, 8)?
                    .first_chunk()
                    .map(|b| u64::from_le_bytes(*b));
            }
            b"data" => {
                let Format {
                    coding,
                    channels,
                    hz,
                } = format.ok_or_else(|| Fault::bad("has no `fmt ` chunk before its samples"))?;
                let rest = source.len().saturating_sub(at);
                let bytes = match (len, long_len) {
                    (UNKNOWN, long_len) => long_len.unwrap_or(rest),
                    (len, _) => u64::from(len),
                };
                let info = AudioInfo::new(AudioFormat::Wav, coding.name(), hz, channels)?;
                let samples = bytes / (channels * coding.bytes()) as u64;
                source.seek(SeekFrom::Start(at))?;
                return Ok(Opened {
                    info: info.with_samples(samples),
                    blocks: Box::new(PcmBlocks::new(source, coding, false, channels, samples)),
                });
            }
            _ => {}
        }
        // Chunks begin at even places.
        at += u64::from(len) + u64::from(len & 1);
    }
}

fn read_format(bytes: &[u8]) -> Result<Format, Fault> {
    let word = |at: usize| {
        let bytes = bytes.get(at..at + 2).and_then(|b| b.first_chunk());
        bytes
            .map(|b| u16::from_le_bytes(*b))
            .ok_or_else(|| Fault::bad("header is damaged: its `fmt ` chunk is too short"))
    };
    const EXTENSIBLE: u16 = 0xfffe;
    let tag = match word(0)? {
        EXTENSIBLE => word(24)?,
        tag => tag,
    };
    let channels = usize::from(word(2)?);
    let hz = u32::from(word(4)?) | u32::from(word(6)?) << 16;
    let (frame, bits) = (usize::from(word(12)?), word(14)?);
    let coding = match (tag, bits) {
        (1, 1..=8) => Coding::U8,
        (1, 9..=16) => Coding::I16,
        (1, 17..=24) => Coding::I24,
        (1, 25..=32) => Coding::I32,
        (3, 32) => Coding::F32,
        (3, 64) => Coding::F64,
        (6, 8) => Coding::ALaw,
        (7, 8) => Coding::MuLaw,
        _ => {
            return Err(Fault::unsupported(format!(
                "WAV with format tag {tag:#x} and {bits} bits"
            )));
        }
    };
    if frame != channels * coding.bytes() {
        return Err(Fault::unsupported(format!(
            "WAV with {bits} bits and {channels} channels in frames of {frame} bytes"
        )));
    }
    Ok(Format {
        coding,
        channels,
        hz,
    })
}
