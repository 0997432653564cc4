//! The framing of TensorFlow's record files: length, its checksum, content, its checksum.

/// Appends one record.
pub(super) fn append(file: &mut Vec<u8>, content: &[u8]) {
    let length = (content.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(crc32c(&length)).to_le_bytes());
    file.extend(content);
    file.extend(masked(crc32c(content)).to_le_bytes());
}

/// A checksum of data that may hold checksums is turned and moved, as the format says.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The cyclic redundancy check of Castagnoli's polynomial, as in RFC 3720.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let next = |crc: u32, &byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, next)
}

/// What each byte does to the check.
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// The contents of a file's records, their checksums checked.
#[cfg(test)]
pub(super) fn split(mut file: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while !file.is_empty() {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (check, rest) = rest.split_first_chunk::<4>()?;
        if masked(crc32c(length)) != u32::from_le_bytes(*check) {
            return None;
        }
        let (content, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let (check, rest) = rest.split_first_chunk::<4>()?;
        if masked(crc32c(content)) != u32::from_le_bytes(*check) {
            return None;
        }
        records.push(content);
        file = rest;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3720, B.4, and the check value of the polynomial.
    #[test]
    fn the_check_is_the_standard_s() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising), 0x46dd_794e);
    }

    #[test]
    fn records_come_back_and_damage_is_found() {
        let mut file = Vec::new();
        let contents = [&b"one"[..], b"", b"three"];
        contents
            .iter()
            .for_each(|content| append(&mut file, content));
        assert_eq!(split(&file).unwrap(), contents);
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 0x10;
            assert!(split(&damaged).is_none(), "{place}");
        }
    }
}
