//! Features on disk.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use ndarray::{Array3, Array4, Axis};
use sarangi_audio::FileKind;
use sarangi_core::{Error, Result, write_atomically};

use crate::Fingerprint;
use crate::fingerprint::Print;

/// A folder that holds the feature maps of each track in a file of its own, named by what they
/// depend on: the content of the sound file and the front end. So a changed file or setting makes
/// new entries, and an entry that exists is right.
///
/// An entry is a NumPy file of f32 in the order (chunk, channel, bin, frame), written whole and
/// renamed, so that several programs may share a folder and a killed one leaves nothing half done.
#[derive(Clone, Debug)]
pub struct FeatureCache {
    folder: PathBuf,
}

/// Changes whenever the arithmetic of the front end may have, so that old entries are not used.
const VERSION: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

impl FeatureCache {
    /// A cache in `folder`, which is made when the first entry is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The entry for a sound file of this content digest under this front end.
    pub fn key(content: &str, front_end: &str) -> String {
        let mut hash = blake3::Hasher::new();
        for part in [VERSION, content, front_end] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().to_hex()[..32].to_owned()
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.npy"))
    }

    /// How many chunks of `shape` the entry holds, or nothing if it is not there or not whole.
    pub fn chunks(&self, key: &str, shape: [usize; 3]) -> Option<usize> {
        let length = fs::metadata(self.path(key)).ok()?.len();
        let chunk = bytes_of(shape)?;
        // The header's length does not depend on the number of chunks: it is padded.
        let values = length.checked_sub(header(0, shape).len() as u64)?;
        let whole = values.is_multiple_of(chunk.max(1));
        whole.then_some((values / chunk.max(1)) as usize)
    }

    /// Writes an entry of shape (chunks, channels, bins, frames).
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, key: &str, maps: &Array4<f32>) -> Result<()> {
        let (chunks, channels, bins, frames) = maps.dim();
        let path = self.path(key);
        write_atomically(&path, |out| {
            let fail = |e| Error::io(&path, e);
            out.write_all(&header(chunks, [channels, bins, frames]))
                .map_err(fail)?;
            for chunk in maps.outer_iter() {
                let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
                out.write_all(&bytes).map_err(fail)?;
            }
            Ok(())
        })
    }

    /// Reads one chunk of an entry.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Data`] if it ends too soon.
    pub fn read(&self, key: &str, chunk: usize, shape: [usize; 3]) -> Result<Array3<f32>> {
        let maps = self.read_some(key, chunk..chunk + 1, shape)?;
        let short = || {
            Error::data(
                self.path(key),
                format!("ends before chunk {chunk}; delete it"),
            )
        };
        match maps.is_empty() {
            true => Err(short()),
            false => Ok(maps.index_axis_move(Axis(0), 0)),
        }
    }

    /// Reads neighbouring chunks of an entry, as many of them as there are: (chunks, channels, bins,
    /// frames).
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn read_some(
        &self,
        key: &str,
        chunks: Range<usize>,
        shape: [usize; 3],
    ) -> Result<Array4<f32>> {
        let path = self.path(key);
        let fail = |e| Error::io(&path, e);
        let mut file = File::open(&path).map_err(fail)?;
        let size = bytes_of(shape).unwrap_or(u64::MAX);
        let start = (header(0, shape).len() as u64)
            .saturating_add(size.saturating_mul(chunks.start as u64));
        let held = file.metadata().map_err(fail)?.len().saturating_sub(start);
        let whole = held.checked_div(size).unwrap_or(0).min(chunks.len() as u64);
        let whole = usize::try_from(whole).unwrap_or(0);
        // Read where they stay: a pass over bytes first would take as long again (see the README).
        let each = usize::try_from(size / 4).unwrap_or(0);
        let mut values = vec![0f32; whole * each];
        file.seek(SeekFrom::Start(start)).map_err(fail)?;
        file.read_exact(bytemuck::cast_slice_mut(&mut values))
            .map_err(fail)?;
        for value in &mut values {
            // Nothing to do where numbers lie as in the file.
            *value = f32::from_bits(u32::from_le(value.to_bits()));
        }
        let [channels, bins, frames] = shape;
        Array4::from_shape_vec((whole, channels, bins, frames), values)
            .map_err(|e| Error::data(&path, format!("is not as it was written: {e}; delete it")))
    }

    /// The fingerprint that the entry holds, or nothing if it is not there or not whole.
    pub(crate) fn fingerprint(&self, key: &str, kind: FileKind) -> Result<Option<Fingerprint>> {
        let Some(count) = self.chunks(key, WORD) else {
            return Ok(None);
        };
        let halves = self.read_some(key, 0..count, WORD)?;
        let halves: Vec<u32> = halves.iter().map(|&half| half as u32).collect();
        let words = halves.as_chunks::<2>().0;
        Ok(Some(Fingerprint {
            words: words.iter().map(|[high, low]| high << 16 | low).collect(),
            kind: match kind {
                FileKind::Sound => Print::Sound,
                FileKind::Picture => Print::Picture,
            },
        }))
    }

    /// Keeps a fingerprint.
    pub(crate) fn write_fingerprint(&self, key: &str, print: &Fingerprint) -> Result<()> {
        // Halves of 16 bits are whole numbers that f32 holds exactly.
        let halves = print
            .words
            .iter()
            .flat_map(|word| [word >> 16, word & 0xffff]);
        let halves: Vec<f32> = halves.map(|half| half as f32).collect();
        let shape = (print.words.len(), WORD[0], WORD[1], WORD[2]);
        let maps = Array4::from_shape_vec(shape, halves)
            .map_err(|e| Error::shape("fingerprint", "two halves for each word", e))?;
        self.write(key, &maps)
    }
}

/// The shape in which a word of a fingerprint is kept: its two halves.
const WORD: [usize; 3] = [1, 1, 2];

fn bytes_of(shape: [usize; 3]) -> Option<u64> {
    shape
        .iter()
        .try_fold(4u64, |size, &n| size.checked_mul(n as u64))
}

/// The header of NumPy's format, version 1.0, always 128 bytes.
fn header(chunks: usize, [channels, bins, frames]: [usize; 3]) -> Vec<u8> {
    let text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({chunks}, {channels}, {bins}, {frames}), }}"
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(118u16.to_le_bytes());
    bytes.extend(format!("{text:<117}\n").into_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_back_and_half_files_are_not_entries() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache::new(folder.path().join("cache"));
        let maps = Array4::from_shape_fn((3, 2, 4, 5), |(n, c, b, f)| {
            (n * 1000 + c * 100 + b * 10 + f) as f32
        });
        let shape = [2, 4, 5];
        assert_eq!(cache.chunks("k", shape), None);
        cache.write("k", &maps).unwrap();
        assert_eq!(cache.chunks("k", shape), Some(3));
        let chunk = cache.read("k", 2, shape).unwrap();
        assert_eq!(chunk, maps.index_axis(ndarray::Axis(0), 2));
        assert!(cache.read("k", 3, shape).is_err());
        let path = cache.path("k");
        let bytes = fs::read(&path).unwrap();
        assert_eq!(&bytes[..6], b"\x93NUMPY");
        assert_eq!(bytes.len(), 128 + 3 * 2 * 4 * 5 * 4);
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(cache.chunks("k", shape), None);
    }

    #[test]
    fn entries_of_chunks_smaller_than_their_header_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FeatureCache::new(folder.path());
        for chunks in [0, 1, 40] {
            cache.write("k", &Array4::zeros((chunks, 1, 1, 2))).unwrap();
            assert_eq!(cache.chunks("k", [1, 1, 2]), Some(chunks));
        }
        let print = Fingerprint {
            words: vec![0xffff_ffff, 0, 0x1234_5678],
            kind: Print::Sound,
        };
        cache.write_fingerprint("p", &print).unwrap();
        assert_eq!(
            cache.fingerprint("p", FileKind::Sound).unwrap(),
            Some(print)
        );
    }

    #[test]
    fn keys_tell_contents_and_front_ends_apart() {
        let keys = [("a", "b"), ("ab", ""), ("", "ab"), ("a", "c")];
        let keys: std::collections::BTreeSet<_> = keys
            .map(|(content, front_end)| FeatureCache::key(content, front_end))
            .into();
        assert_eq!(keys.len(), 4);
    }
}
