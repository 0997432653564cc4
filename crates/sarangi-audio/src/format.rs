//! Which container a file is, told by its first bytes.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A container format that can be read, given its cargo feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AudioFormat {
    /// RIFF WAVE, also RF64 and BW64; feature `wav`.
    Wav,
    /// Sun/NeXT AU; feature `au`.
    Au,
    /// Native FLAC; feature `flac`.
    Flac,
    /// MPEG-1/2 layer III; feature `mp3`.
    Mp3,
    /// Ogg; feature `ogg`.
    Ogg,
    /// AAC in ADTS frames; feature `aac`.
    Aac,
    /// MP4, M4A, MOV; feature `aac`.
    Mp4,
    /// Matroska, WebM; feature `mkv`.
    Mkv,
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detected {
    Readable(AudioFormat),
    /// A known format that no feature enables.
    Foreign(&'static str),
    Unknown,
}

/// How many bytes [`detect`] looks at.
pub(crate) const MAGIC_LEN: usize = 16;

/// The endings of file names that a folder scan takes for audio. They do not depend on the cargo
/// features, nor on whether anything here can read the format: a file that cannot be read is
/// reported, not passed over.
const EXTENSIONS: &[&str] = &[
    // Those whose usual content can be read.
    "wav", "wave", "bwf", "rf64", "au", "snd", "flac", "mp3", "ogg", "oga", "aac", "m4a", "m4b",
    "m4v", "mp4", "mov", "mkv", "mka", "webm", "weba", // Those whose content cannot.
    "opus", "spx", "wma", "w64", "aif", "aiff", "aifc", "caf", "ape", "mpc", "wv", "tta", "tak",
    "mp1", "mp2", "mpga", "ac3", "eac3", "dts", "amr", "dsf", "dff", "ra", "avi", "wmv", "asf",
    "flv", "mpg", "mpeg", "ogv",
];

impl AudioFormat {
    /// The cargo feature that enables the format.
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Au => "au",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Aac | Self::Mp4 => "aac",
            Self::Mkv => "mkv",
        }
    }

    /// Whether this build can read the format.
    pub const fn is_enabled(self) -> bool {
        match self {
            Self::Wav => cfg!(feature = "wav"),
            Self::Au => cfg!(feature = "au"),
            Self::Flac => cfg!(feature = "flac"),
            Self::Mp3 => cfg!(feature = "mp3"),
            Self::Ogg => cfg!(feature = "ogg"),
            Self::Aac | Self::Mp4 => cfg!(feature = "aac"),
            Self::Mkv => cfg!(feature = "mkv"),
        }
    }
}

impl fmt::Display for AudioFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wav => "WAV",
            Self::Au => "AU",
            Self::Flac => "FLAC",
            Self::Mp3 => "MP3",
            Self::Ogg => "Ogg",
            Self::Aac => "AAC",
            Self::Mp4 => "MP4",
            Self::Mkv => "Matroska",
        })
    }
}

/// Tells the format by the first bytes (after any ID3v2 tag).
pub(crate) fn detect(head: &[u8]) -> Detected {
    let form = head.get(8..12).unwrap_or_default();
    match head {
        [b'R', b'I', b'F', b'F', ..]
        | [b'R', b'F', b'6', b'4', ..]
        | [b'B', b'W', b'6', b'4', ..]
            if form == b"WAVE" =>
        {
            Detected::Readable(AudioFormat::Wav)
        }
        [b'.', b's', b'n', b'd', ..] | [b'd', b'n', b's', b'.', ..] => {
            Detected::Readable(AudioFormat::Au)
        }
        [b'f', b'L', b'a', b'C', ..] => Detected::Readable(AudioFormat::Flac),
        [b'O', b'g', b'g', b'S', ..] => Detected::Readable(AudioFormat::Ogg),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Detected::Readable(AudioFormat::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Detected::Readable(AudioFormat::Mkv),
        [b'R', b'I', b'F', b'F', ..] if form == b"AVI " => Detected::Foreign("AVI"),
        [b'F', b'L', b'V', 0x01, ..] => Detected::Foreign("Flash video"),
        [0x00, 0x00, 0x01, 0xba, ..] => Detected::Foreign("MPEG program stream"),
        [b'F', b'O', b'R', b'M', ..] if form == b"AIFF" || form == b"AIFC" => {
            Detected::Foreign("AIFF")
        }
        [b'c', b'a', b'f', b'f', ..] => Detected::Foreign("Core Audio Format"),
        [b'w', b'v', b'p', b'k', ..] => Detected::Foreign("WavPack"),
        [b'M', b'A', b'C', b' ', ..] => Detected::Foreign("Monkey's Audio"),
        [b'M', b'P', b'C', b'K', ..] | [b'M', b'P', b'+', ..] => Detected::Foreign("Musepack"),
        [b'T', b'T', b'A', b'1', ..] => Detected::Foreign("True Audio"),
        [b't', b'B', b'a', b'K', ..] => Detected::Foreign("TAK"),
        [b'D', b'S', b'D', b' ', ..] | [b'F', b'R', b'M', b'8', ..] => Detected::Foreign("DSD"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Detected::Foreign("AMR"),
        [b'.', b'r', b'a', 0xfd, ..] => Detected::Foreign("RealAudio"),
        [b'r', b'i', b'f', b'f', ..] => Detected::Foreign("Wave64"),
        [0x0b, 0x77, ..] => Detected::Foreign("AC-3"),
        [0x7f, 0xfe, 0x80, 0x01, ..] => Detected::Foreign("DTS"),
        [b'M', b'T', b'h', b'd', ..] => Detected::Foreign("MIDI"),
        [0x30, 0x26, 0xb2, 0x75, ..] => Detected::Foreign("Windows Media"),
        // MPEG frames: eleven set bits, then two of version (01 is reserved) and two of layer.
        [0xff, second, third, ..] if second & 0xe0 == 0xe0 && second & 0x18 != 0x08 => {
            match second & 0x06 {
                0x00 if second & 0xf0 == 0xf0 => Detected::Readable(AudioFormat::Aac),
                // Neither the bit rate nor the sampling rate may have its forbidden value.
                0x02 if third & 0xf0 != 0xf0 && third & 0x0c != 0x0c => {
                    Detected::Readable(AudioFormat::Mp3)
                }
                0x04 => Detected::Foreign("MPEG layer II"),
                0x06 => Detected::Foreign("MPEG layer I"),
                _ => Detected::Unknown,
            }
        }
        _ => Detected::Unknown,
    }
}

/// Whether a file's name ends as that of an audio file.
pub(crate) fn has_audio_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_pictures_are_not_audio() {
        for head in [
            &b"once upon a time"[..],
            b"",
            b"\xff",
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"RIFF\0\0\0\0AVI LIST",
            b"\xff\xfe\xff\xfe",
        ] {
            assert!(!matches!(detect(head), Detected::Readable(_)), "{head:?}");
        }
    }

    #[test]
    fn sound_of_other_kinds_is_named() {
        for (head, name) in [
            (&b"FORM\0\0\0\0AIFC"[..], "AIFF"),
            (b"MAC \x96\x0f", "Monkey's Audio"),
            (b"RIFF\0\0\0\0AVI LIST", "AVI"),
            (b"FLV\x01\x05", "Flash video"),
            (b"\0\0\x01\xba\x44", "MPEG program stream"),
            (b"MPCK", "Musepack"),
            (b"MP+\x07", "Musepack"),
            (b"\x30\x26\xb2\x75\x8e\x66", "Windows Media"),
            (b"\x0b\x77\0\0", "AC-3"),
        ] {
            assert_eq!(detect(head), Detected::Foreign(name));
        }
    }

    #[test]
    fn endings_are_compared_without_case() {
        assert!(has_audio_extension(Path::new("a/B.WAV")));
        assert!(has_audio_extension(Path::new("a/b.opus")));
        assert!(!has_audio_extension(Path::new("a/wav")));
        assert!(!has_audio_extension(Path::new("a/notes.txt")));
    }
}
