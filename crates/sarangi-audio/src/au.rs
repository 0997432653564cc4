//! Sun and NeXT AU: a header of six 32-bit numbers, then the samples.

use std::io::{Seek, SeekFrom};

use crate::blocks::Opened;
use crate::fault::Fault;
use crate::pcm::{Coding, PcmBlocks};
use crate::source::Source;
use crate::{AudioFormat, AudioInfo};

/// The length in a header that was written before the length was known.
const UNKNOWN: u32 = u32::MAX;

pub(crate) fn open(mut source: Source) -> Result<Opened, Fault> {
    let header = source.peek(0, 24)?;
    let (words, _) = header.as_chunks::<4>();
    let &[magic, offset, bytes, coding, hz, channels] = words else {
        return Err(Fault::bad("file is truncated: it ends in its header"));
    };
    // DEC wrote the header the other way round, and the magic number with it.
    let big_endian = &magic == b".snd";
    let number = |word| {
        if big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    };
    let coding = match number(coding) {
        1 => Coding::MuLaw,
        2 => Coding::I8,
        3 => Coding::I16,
        4 => Coding::I24,
        5 => Coding::I32,
        6 => Coding::F32,
        7 => Coding::F64,
        27 => Coding::ALaw,
        other => return Err(Fault::unsupported(format!("AU with encoding {other}"))),
    };
    let offset = u64::from(number(offset));
    if !(24..=source.len()).contains(&offset) {
        return Err(Fault::bad(format!(
            "header is damaged: it puts the first sample at byte {offset} of {}",
            source.len()
        )));
    }
    let bytes = match number(bytes) {
        UNKNOWN => source.len() - offset,
        bytes => u64::from(bytes),
    };
    let channels = usize::try_from(number(channels)).unwrap_or(usize::MAX);
    let info = AudioInfo::new(AudioFormat::Au, coding.name(), number(hz), channels)?;
    let samples = bytes / (channels * coding.bytes()) as u64;
    source.seek(SeekFrom::Start(offset))?;
    Ok(Opened {
        info: info.with_samples(samples),
        blocks: Box::new(PcmBlocks::new(
            source, coding, big_endian, channels, samples,
        )),
    })
}
