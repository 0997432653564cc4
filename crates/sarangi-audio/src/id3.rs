//! Tags before the sound.

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
