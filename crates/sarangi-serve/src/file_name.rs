//! Names that strangers gave their files.

/// The longest name that is shown, in characters.
const LONGEST: usize = 80;

/// A name to be shown to people, and never used as a path: its last part, without what would command
/// a terminal or turn the order of letters around.
pub(crate) fn shown(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown: String = last.chars().filter(harmless).take(LONGEST).collect();
    match shown.trim() {
        "" => "the file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_nothing_else() {
        for (name, want) in [
            (Some("song.mp3"), "song.mp3"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("C:\\music\\a b.wav"), "a b.wav"),
            (Some("a\u{1b}[2J\n\u{202e}3pm.exe"), "a[2J3pm.exe"),
            (Some("/"), "the file"),
            (Some(" \0 "), "the file"),
            (None, "the file"),
        ] {
            assert_eq!(shown(name), want);
        }
        assert_eq!(shown(Some(&"ä".repeat(500))).chars().count(), LONGEST);
    }
}
