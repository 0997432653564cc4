//! Where the sound of a compressed file ends, and whether it ends as it should.

use std::io::{Seek, SeekFrom};

use crate::AudioFormat;
use crate::fault::Fault;
use crate::source::Source;

/// No Ogg page is longer: 27 bytes, 255 lengths, 255 segments of 255 bytes.
const OGG_PAGE: usize = 27 + 255 + 255 * 255;
/// Two MPEG frames of the longest kind, and some more.
const MPEG_TAIL: usize = 8 << 10;

/// The last bytes of a file whose end can be told from a cut.
pub(crate) enum Ending {
    /// The format does not tell, or its length does.
    Untold,
    Mpeg(Vec<u8>),
    Ogg(Vec<u8>),
}

impl Ending {
    pub(crate) fn of(format: AudioFormat, source: &mut Source) -> Result<Self, Fault> {
        let ending = match format {
            AudioFormat::Mp3 => Self::Mpeg(tail(source, MPEG_TAIL)?),
            AudioFormat::Ogg => Self::Ogg(tail(source, OGG_PAGE)?),
            _ => Self::Untold,
        };
        source.seek(SeekFrom::Start(0))?;
        Ok(ending)
    }

    /// Checks the end of the file, once `last` has come out as its last packet.
    pub(crate) fn check(&self, last: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Mpeg(tail) if mpeg_is_cut(tail, last) => {
                Err(Fault::truncated("its last frame is cut off"))
            }
            Self::Ogg(tail) => check_last_page(tail),
            _ => Ok(()),
        }
    }
}

/// Whether the last whole frame is followed by the beginning of another.
fn mpeg_is_cut(tail: &[u8], last: &[u8]) -> bool {
    if last.len() < 4 {
        return false;
    }
    let Some(at) = tail.windows(last.len()).rposition(|bytes| bytes == last) else {
        return false;
    };
    match &tail[at + last.len()..] {
        [0xff] => true,
        [0xff, second] => same_layer(*second, last[1]),
        // Version, layer and rate are those of the stream; bit rate and padding may differ.
        [0xff, second, third, ..] => same_layer(*second, last[1]) && third & 0x0c == last[2] & 0x0c,
        _ => false,
    }
}

/// Compares all bits but the one that tells of a checksum.
fn same_layer(a: u8, b: u8) -> bool {
    a | 1 == b | 1
}

/// The last page must be whole and bear the mark of the end of its stream (RFC 3533, section 6).
fn check_last_page(tail: &[u8]) -> Result<(), Fault> {
    const END_OF_STREAM: u8 = 0x04;
    let Some(at) = tail.windows(5).rposition(|bytes| bytes == b"OggS\0") else {
        return Ok(());
    };
    let page = &tail[at..];
    let lengths = page
        .get(26)
        .and_then(|&count| page.get(27..27 + usize::from(count)));
    let len = lengths.map(|lengths| {
        27 + lengths.len() + lengths.iter().map(|&len| usize::from(len)).sum::<usize>()
    });
    if len.is_none_or(|len| len > page.len()) {
        return Err(Fault::truncated("its last page is cut off"));
    }
    if page[5] & END_OF_STREAM == 0 {
        return Err(Fault::truncated("its last page is missing"));
    }
    Ok(())
}

/// How many bytes of APEv2 and ID3v1 tags follow the sound; 0 if there are none.
pub(crate) fn trailer_len(source: &mut Source) -> Result<u64, Fault> {
    const ID3V1: usize = 128;
    const APE_FOOTER: usize = 32;
    let tail = tail(source, ID3V1 + APE_FOOTER)?;
    let mut len = 0;
    let mut rest = tail.as_slice();
    if let Some((before, tag)) = rest.split_last_chunk::<ID3V1>()
        && tag.starts_with(b"TAG")
    {
        (len, rest) = (ID3V1 as u64, before);
    }
    if let Some((_, footer)) = rest.split_last_chunk::<APE_FOOTER>()
        && let [
            b'A',
            b'P',
            b'E',
            b'T',
            b'A',
            b'G',
            b'E',
            b'X',
            _,
            _,
            _,
            _,
            a,
            b,
            c,
            d,
            ..,
        ] = *footer
    {
        // The size counts the footer but not the header, of which the top flag bit tells.
        let header = if footer[23] & 0x80 != 0 { 32 } else { 0 };
        len += u64::from(u32::from_le_bytes([a, b, c, d])) + header;
    }
    Ok(len.min(source.len()))
}

/// The last `len` bytes, or all there are.
fn tail(source: &mut Source, len: usize) -> Result<Vec<u8>, Fault> {
    source.peek(source.len().saturating_sub(len as u64), len)
}
