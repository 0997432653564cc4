//! Sounds that are nothing but samples: f32, the low byte first.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// The samples of a file.
///
/// # Errors
/// If the file cannot be read or ends within a sample.
pub fn read(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    samples(&bytes).with_context(|| path.display().to_string())
}

/// The samples that bytes are.
///
/// # Errors
/// If they end within a sample.
pub fn samples(bytes: &[u8]) -> Result<Vec<f32>> {
    let (samples, []) = bytes.as_chunks::<4>() else {
        bail!("not a whole number of samples of four bytes");
    };
    Ok(samples.iter().map(|&x| f32::from_le_bytes(x)).collect())
}
