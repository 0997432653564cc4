//! Choosing the reader of a file by its content.

use std::fs::{self, File};
use std::path::Path;

use crate::blocks::Opened;
use crate::fault::Fault;
use crate::format::{Detected, MAGIC_LEN, detect};
use crate::source::Source;
use crate::{AudioFormat, id3};

pub(crate) fn open_path(path: &Path) -> Result<Opened, Fault> {
    // Before it is opened: a pipe without a writer would wait for one for ever, a device has no
    // end, and reading a folder fails only later with a message that does not say what is wrong.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(Fault::bad("is a folder, not a sound file"));
    }
    if !kind.is_file() {
        return Err(Fault::bad(
            "is a pipe, socket or device, not a regular file; copy its sound into one",
        ));
    }
    open(Source::new(File::open(path)?)?)
}

pub(crate) fn open(mut source: Source) -> Result<Opened, Fault> {
    if source.len() == 0 {
        return Err(Fault::bad("file is empty"));
    }
    let start = id3::tag_len(&mut source)?;
    let head = source.peek(start, MAGIC_LEN)?;
    let format = match detect(&head) {
        Detected::Readable(format) => format,
        Detected::Foreign(what) => return Err(Fault::unsupported(what)),
        Detected::Unknown => {
            return Err(Fault::bad(format!(
                "is not a sound file: its content begins with `{}`",
                head.escape_ascii()
            )));
        }
    };
    if !format.is_enabled() {
        return Err(Fault::Unsupported {
            what: format.to_string(),
            feature: Some(format.feature()),
        });
    }
    let end = source.len();
    let source = source.section(start, end)?;
    match format {
        AudioFormat::Wav => crate::wav::open(source),
        AudioFormat::Au => crate::au::open(source),
        #[cfg(any(
            feature = "flac",
            feature = "mp3",
            feature = "ogg",
            feature = "aac",
            feature = "mkv"
        ))]
        _ => crate::packets::open(format, source),
        #[allow(
            unreachable_patterns,
            reason = "reached only in builds without symphonia"
        )]
        _ => Err(Fault::unsupported(format.to_string())),
    }
}
