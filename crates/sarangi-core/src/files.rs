//! Writing files whole.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes a file whole or not at all: into a temporary file beside `path`, then renamed.
///
/// A reader, or a run after a crash, sees the old content or the new, never a part. Missing parent
/// folders are made.
///
/// # Errors
/// [`Error::Io`] naming `path` if it cannot be written; whatever `write` returns. The temporary
/// file is removed.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|e| Error::io(parent, e))?;
    }
    let temporary = temporary_beside(path);
    let outcome = (|| {
        let file = File::create(&temporary).map_err(|e| Error::io(path, e))?;
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        let file = out
            .into_inner()
            .map_err(|e| Error::io(path, e.into_error()))?;
        file.sync_all().map_err(|e| Error::io(path, e))?;
        fs::rename(&temporary, path).map_err(|e| Error::io(path, e))
    })();
    if outcome.is_err() {
        // The first error is the one to report; there may be nothing to remove.
        let _ = fs::remove_file(&temporary);
    }
    outcome
}

/// The process id and the time of its first file keep two programs that write the same file from
/// writing into each other, be it from two machines.
fn temporary_beside(path: &Path) -> PathBuf {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{SystemTime, UNIX_EPOCH};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static BEGUN: OnceLock<u32> = OnceLock::new();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH);
    let begun = BEGUN.get_or_init(|| now().map_or(0, |time| time.subsec_nanos()));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(
        ".{}-{begun}-{}.part",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = std::env::temp_dir().join(format!("sarangi-files-{}", std::process::id()));
        let path = dir.join("deep/out.txt");
        write_atomically(&path, |w| {
            w.write_all(b"old").map_err(|e| Error::io("x", e))
        })
        .unwrap();
        let failed = write_atomically(&path, |w| {
            w.write_all(b"half").map_err(|e| Error::io("x", e))?;
            Err(Error::data("x", "stop"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.join("deep")).unwrap().count(), 1);
        fs::remove_dir_all(dir).unwrap();
    }
}
