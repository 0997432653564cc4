//! Where bytes come from.

use std::io::{self, Read, Seek, SeekFrom};

use crate::fault::Fault;

/// Bytes that can be read from any position.
trait Bytes: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> Bytes for T {}

/// A part of a file or buffer, seen as if it were the whole.
pub(crate) struct Source {
    bytes: Box<dyn Bytes>,
    start: u64,
    end: u64,
    position: u64,
}

impl Source {
    pub(crate) fn new(mut bytes: impl Read + Seek + Send + Sync + 'static) -> io::Result<Self> {
        let end = bytes.seek(SeekFrom::End(0))?;
        bytes.seek(SeekFrom::Start(0))?;
        Ok(Self {
            bytes: Box::new(bytes),
            start: 0,
            end,
            position: 0,
        })
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The bytes from `start` to `end` only, read from their beginning.
    pub(crate) fn section(mut self, start: u64, end: u64) -> io::Result<Self> {
        let end = self.start.saturating_add(end).min(self.end);
        self.start = self.start.saturating_add(start).min(end);
        self.end = end;
        self.seek(SeekFrom::Start(0))?;
        Ok(self)
    }

    /// At most `len` bytes from `start` on; the reading position becomes that behind them.
    pub(crate) fn peek(&mut self, start: u64, len: usize) -> Result<Vec<u8>, Fault> {
        self.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        self.take(len as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len().saturating_sub(self.position);
        let len = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.bytes.read(&mut buffer[..len])?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let absolute = target.and_then(|at| at.checked_add(self.start));
        let (Some(target), Some(absolute)) = (target, absolute) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        self.bytes.seek(SeekFrom::Start(absolute))?;
        self.position = target;
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_section_is_a_file_of_its_own() {
        let source = Source::new(Cursor::new((0u8..20).collect::<Vec<_>>())).unwrap();
        let mut section = source.section(5, 12).unwrap().section(1, 100).unwrap();
        assert_eq!(section.len(), 6);
        assert_eq!(section.peek(4, 9).unwrap(), [10, 11]);
        assert_eq!(section.seek(SeekFrom::End(-6)).unwrap(), 0);
        let mut all = Vec::new();
        section.read_to_end(&mut all).unwrap();
        assert_eq!(all, [6, 7, 8, 9, 10, 11]);
        assert!(section.seek(SeekFrom::Current(-7)).is_err());
        assert!(section.peek(u64::MAX, 1).is_err());
    }
}
