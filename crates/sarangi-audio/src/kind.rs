//! What is looked for in a folder.

use std::path::Path;

use crate::format::has_audio_extension;

/// The kind of file that a folder is scanned for, told by the ending of a file's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Sound: `wav`, `mp3`, `flac`, `ogg`, `au`, `m4a`, `mp4`, `mkv` and their like, also of formats
    /// that cannot be read, so that decoding says so of each.
    #[default]
    Sound,
    /// Pictures: `png`, `jpg` and `jpeg`.
    Picture,
}

/// The endings of pictures' names.
const PICTURES: [&str; 3] = ["png", "jpg", "jpeg"];

impl FileKind {
    /// Whether a file's name ends as this kind's do.
    pub fn matches(self, path: &Path) -> bool {
        match self {
            Self::Sound => has_audio_extension(path),
            Self::Picture => {
                let ending = path.extension().and_then(|e| e.to_str());
                ending.is_some_and(|e| PICTURES.iter().any(|known| known.eq_ignore_ascii_case(e)))
            }
        }
    }

    /// What files of this kind are called: `sound` or `picture`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Picture => "picture",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_the_kind_in_any_case() {
        for (name, sound, picture) in [
            ("a/b.WAV", true, false),
            ("a/b.JPEG", false, true),
            ("b.png", false, true),
            ("b.txt", false, false),
            ("png", false, false),
        ] {
            let path = Path::new(name);
            assert_eq!(FileKind::Sound.matches(path), sound, "{name}");
            assert_eq!(FileKind::Picture.matches(path), picture, "{name}");
        }
    }
}
