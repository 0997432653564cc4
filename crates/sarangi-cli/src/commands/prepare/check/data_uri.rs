//! Files within a page.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A PNG file as the address of an image, in base64 (RFC 4648).
pub(super) fn png(bytes: &[u8]) -> String {
    let mut uri = "data:image/png;base64,".to_owned();
    for group in bytes.chunks(3) {
        let mut word = [0u8; 4];
        word[1..=group.len()].copy_from_slice(group);
        let word = u32::from_be_bytes(word);
        for letter in 0..4 {
            uri.push(match letter <= group.len() {
                true => char::from(LETTERS[(word >> (18 - 6 * letter)) as usize & 63]),
                false => '=',
            });
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::png;

    #[test]
    fn the_standards_examples_come_out() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            let want = format!("data:image/png;base64,{text}");
            assert_eq!(png(bytes.as_bytes()), want);
        }
    }
}
