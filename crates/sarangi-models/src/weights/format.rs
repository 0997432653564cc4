//! Which format a file of weights has.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sarangi_core::{Error, Result};

/// How many bytes tell: a tar file says what it is far behind its beginning.
const TELLING: u64 = 262;

/// The formats that weights are kept in, read or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightFormat {
    /// Safetensors.
    Safetensors,
    /// What `torch.save` has written since torch 1.6, a zip.
    TorchZip,
    /// What `torch.save` wrote before, a row of pickles.
    TorchPickles,
    /// What torch's first versions wrote, a tar file. It is not read.
    Tar,
    /// Keras's files. They are not read.
    Hdf5,
}

impl WeightFormat {
    /// The format of a file, as its first bytes tell; none if it is no file of weights.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Option<Self>> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let beginning = Self::beginning(file).map_err(|e| Error::io(path, e))?;
        Ok(Self::of(&beginning))
    }

    /// The bytes that tell.
    pub(super) fn beginning(source: impl Read) -> std::io::Result<Vec<u8>> {
        let mut beginning = Vec::new();
        source.take(TELLING).read_to_end(&mut beginning)?;
        Ok(beginning)
    }

    /// The format of a file that begins so.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        Some(match beginning {
            // The length of the header comes first, and its bytes may look like anything.
            [_, _, _, _, 0, 0, 0, 0, b'{', ..] => Self::Safetensors,
            [b'P', b'K', 3, 4, ..] => Self::TorchZip,
            [0x80, 2..=5, ..] => Self::TorchPickles,
            [0x89, b'H', b'D', b'F', b'\r', b'\n', ..] => Self::Hdf5,
            _ if beginning.get(257..) == Some(b"ustar") => Self::Tar,
            _ => return None,
        })
    }
}
