//! Tags before and after the sound.

use crate::fault::Fault;
use crate::source::Source;

/// More tags than this, one behind the other, are an attack.
const MOST_TAGS: usize = 16;

/// How many bytes of ID3v2 tags precede the sound; 0 if there is none.
///
/// The tag's length is stored in four bytes of seven bits each, so that it never looks like the
/// start of an MPEG frame. See the informal standard at id3.org, section 3.1.
pub(crate) fn tag_len(source: &mut Source) -> Result<u64, Fault> {
    let mut start = 0;
    for _ in 0..MOST_TAGS {
        let head = source.peek(start, 10)?;
        let [b'I', b'D', b'3', _, _, flags, size @ ..] = head.as_slice() else {
            break;
        };
        if size.len() != 4 || size.iter().any(|byte| byte & 0x80 != 0) {
            break;
        }
        let size = size.iter().fold(0, |n, &byte| n << 7 | u64::from(byte));
        let footer = if flags & 0x10 != 0 { 10 } else { 0 };
        start += 10 + size + footer;
    }
    Ok(start)
}

/// How many bytes of APEv2 and ID3v1 tags follow the sound; 0 if there are none.
#[cfg(feature = "mp3")]
pub(crate) fn trailer_len(source: &mut Source) -> Result<u64, Fault> {
    const ID3V1: usize = 128;
    const APE_FOOTER: usize = 32;
    let tail = source.tail(ID3V1 + APE_FOOTER)?;
    let mut len = 0;
    let mut rest = tail.as_slice();
    if let Some((before, tag)) = rest.split_last_chunk::<ID3V1>()
        && tag.starts_with(b"TAG")
    {
        (len, rest) = (ID3V1 as u64, before);
    }
    if let Some((_, footer)) = rest.split_last_chunk::<APE_FOOTER>()
        && let [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', _, _, _, _, a, b, c, d, ..] = *footer
    {
        // The size counts the footer but not the header, of which the top flag bit tells.
        let header = if footer[23] & 0x80 != 0 { 32 } else { 0 };
        len += u64::from(u32::from_le_bytes([a, b, c, d])) + header;
    }
    Ok(len.min(source.len()))
}
