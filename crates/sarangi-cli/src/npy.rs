//! NumPy's array files.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use ndarray::{Array, Array4, Dimension};
use ndarray_npy::{ReadNpyExt, WriteNpyError, WriteNpyExt};
use sarangi::core::{Error, write_atomically};

/// The longest header that is read; NumPy's own have some hundred bytes.
const MOST_HEADER: usize = 1 << 14;

/// Writes an array, whole, and gives its shape.
pub(crate) fn write<D: Dimension>(path: &Path, array: &Array<f32, D>) -> Result<Vec<usize>, Error> {
    write_atomically(path, |out| {
        array.write_npy(out).map_err(|e| match e {
            WriteNpyError::Io(e) => Error::io(path, e),
            other => Error::data(path, other.to_string()),
        })
    })?;
    Ok(array.shape().to_vec())
}

/// Reads an array of float32 with four axes. What its header claims is held against the file's
/// length before memory is asked for.
pub(crate) fn read4(path: &Path) -> Result<Array4<f32>, Error> {
    let io = |e| Error::io(path, e);
    let bad = |reason: String| Error::decode(path, reason);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let (header, begin) = header(&mut file).map_err(bad)?;
    check(&header, length - begin).map_err(bad)?;
    file.rewind().map_err(io)?;
    Array4::read_npy(BufReader::new(file)).map_err(|e| bad(e.to_string()))
}

/// The text of the header, and where the values begin.
fn header(file: &mut File) -> Result<(String, u64), String> {
    const NOT: &str = "not a .npy file; numpy.save writes one";
    let mut start = [0u8; 12];
    file.read_exact(&mut start).map_err(|_| NOT)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err(NOT.to_owned());
    }
    let (length, begin) = match start[6] {
        1 => (u16::from_le_bytes([start[8], start[9]]).into(), 10),
        _ => (
            u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize,
            12,
        ),
    };
    if length > MOST_HEADER {
        return Err(format!("its header claims {length} bytes"));
    }
    let mut rest = vec![0u8; length + begin - start.len()];
    file.read_exact(&mut rest).map_err(|_| "truncated")?;
    let text = [&start[begin..], &rest].concat();
    let text = String::from_utf8(text).map_err(|_| NOT)?;
    Ok((text, (begin + length) as u64))
}

/// Refuses what is not float32 with four axes, and shapes that the file's values do not fill.
fn check(header: &str, values: u64) -> Result<(), String> {
    let field = |name: &str| {
        let at = header.find(&format!("'{name}':"))? + name.len() + 3;
        Some(header[at..].trim_start())
    };
    let kind = field("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
    let kind = kind.unwrap_or("something else");
    if kind != "<f4" {
        return Err(format!(
            "holds numbers of type {kind}, but must hold float32: array.astype('<f4')"
        ));
    }
    let shape = field("shape").and_then(|rest| rest.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or("its header names no shape")?;
    let axes = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    let axes: Result<Vec<u64>, _> = axes.map(str::parse).collect();
    let axes = axes.map_err(|_| format!("its header names the shape ({shape})"))?;
    if axes.len() != 4 {
        return Err(format!(
            "has the shape ({shape}), but must have four axes: (batch, channels, height, width)"
        ));
    }
    if axes.contains(&0) {
        return Err(format!(
            "has the shape ({shape}), in which there is nothing"
        ));
    }
    let claimed = axes.iter().try_fold(4u64, |n, axis| n.checked_mul(*axis));
    match claimed == Some(values) {
        true => Ok(()),
        false => Err(format!(
            "has {values} bytes of values, which are not those of its shape ({shape}): truncated or \
             damaged"
        )),
    }
}
