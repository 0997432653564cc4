//! How many columns of a terminal a text takes.

/// Columns of a fixed-width font: none for a combining mark, two for a wide East Asian character.
///
/// Coarser than the Unicode tables (which a dependency would bring), enough to align class names.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The text, filled up with spaces to a number of columns.
pub(crate) fn pad_end(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

fn columns(c: char) -> usize {
    match u32::from(c) {
        // Control characters, combining marks, zero-width spaces and joiners, variation selectors.
        0..0x20 | 0x7f..0xa0 | 0x300..0x370 | 0x200b..0x2010 | 0xfe00..0xfe10 => 0,
        // Hangul, CJK, kana, full-width forms, emoji, CJK extensions.
        0x1100..0x1160
        | 0x2e80..0xa4d0
        | 0xac00..0xd7a4
        | 0xf900..0xfb00
        | 0xfe30..0xfe70
        | 0xff00..0xff61
        | 0x1f300..0x1f650
        | 0x1f900..0x1fa00
        | 0x20000..0x3fffe => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_take_no_column_and_wide_characters_two() {
        assert_eq!(width("forró"), 5);
        assert_eq!(width("forro\u{301}"), 5);
        assert_eq!(width("演歌"), 4);
        assert_eq!(pad_end("演歌", 6), "演歌  ");
        assert_eq!(pad_end("long", 2), "long");
    }
}
