//! Names that strangers chose, in messages of one line.

use std::borrow::Cow;

/// How much of a name a message shows.
const MOST_CHARS: usize = 100;

/// The name, or its beginning if it is longer than any network's.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_long_is_cut_and_between_characters() {
        let name = "layer4.1.bn2.running_mean";
        assert_eq!(shortened(name), name);
        let long = "ä".repeat(MOST_CHARS);
        assert_eq!(shortened(&long), long);
        let cut = shortened(&format!("{long}ö")).into_owned();
        assert_eq!(cut, format!("{long}…"));
    }
}
