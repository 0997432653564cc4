//! Files inside a page.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A `data:` address that holds the bytes themselves, in base64 (RFC 4648).
pub fn data_uri(kind: &str, bytes: &[u8]) -> String {
    let mut uri = format!("data:{kind};base64,");
    uri.reserve(bytes.len().div_ceil(3) * 4);
    for triple in bytes.chunks(3) {
        let byte = |index: usize| u32::from(triple.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            // A letter more than there are bytes; the rest is filled up.
            let filled = place <= triple.len();
            uri.push(if filled { char::from(letter) } else { '=' });
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        let examples = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in examples {
            let want = format!("data:image/png;base64,{coded}");
            assert_eq!(data_uri("image/png", plain.as_bytes()), want);
        }
        assert!(data_uri("x", &[0xfb, 0xff]).ends_with(",+/8="));
    }
}
