//! Bytes as text.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding (RFC 4648).
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            // A letter for each six bits that hold some of the bytes.
            if place <= three.len() {
                let letter = bits >> (18 - 6 * place) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// What the documentation of a feature's type shows: the picture itself, as no address would do both
/// on the web and on one's own machine.
pub(crate) fn picture(name: &str, png: &[u8]) -> String {
    format!(
        "\n<img alt=\"{name} of a clip of six or twelve seconds\" \
         src=\"data:image/png;base64,{}\">\n",
        base64(png)
    )
}
