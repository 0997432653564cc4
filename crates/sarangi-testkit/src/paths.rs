//! Where the files are.

use std::path::{Path, PathBuf};

/// A file under `fixtures/`, such as `fixture("audio/pluck/pluck.000.wav")`.
pub fn fixture(relative: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(relative)
}

/// A folder of real music, if the environment variable `SARANGI_DATA` names where such data lies.
///
/// Tests that want real data say "skipped: data not present" and pass without it.
pub fn data(relative: impl AsRef<Path>) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("SARANGI_DATA")?).join(relative);
    path.exists().then_some(path)
}
