//! The kinds of numbers in weight files, and how they are read.

use std::io::{ErrorKind, Read};

use half::{bf16, f16};

/// The type of a stored number, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

/// Numbers as they are kept: every float as f32, whole numbers as i32 or i64, bytes as they are.
#[derive(Debug)]
pub(super) enum Values {
    F32(Vec<f32>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Element {
    /// How many bytes one takes.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// How many bytes one takes as it is kept.
    pub(super) fn kept_size(self) -> u64 {
        match self {
            Self::F64 | Self::F32 | Self::F16 | Self::Bf16 => 4,
            Self::I64 => 8,
            Self::I32 | Self::I16 | Self::I8 => 4,
            Self::U8 | Self::Bool => 1,
        }
    }

    /// Reads `count` numbers. The caller has checked that the source can have so many.
    pub(super) fn read(self, source: &mut impl Read, count: usize) -> Result<Values, String> {
        Ok(match self {
            Self::F32 => Values::F32(floats(source, count)?),
            Self::F64 => Values::F32(converted(source, count, |b| f64::from_le_bytes(b) as f32)?),
            Self::F16 => Values::F32(converted(source, count, |b| {
                f16::from_le_bytes(b).to_f32()
            })?),
            Self::Bf16 => Values::F32(converted(source, count, |b| {
                bf16::from_le_bytes(b).to_f32()
            })?),
            Self::I64 => Values::I64(converted(source, count, i64::from_le_bytes)?),
            Self::I32 => Values::I32(converted(source, count, i32::from_le_bytes)?),
            Self::I16 => Values::I32(converted(source, count, |b| i16::from_le_bytes(b).into())?),
            Self::I8 => Values::I32(converted(source, count, |b| i8::from_le_bytes(b).into())?),
            Self::U8 | Self::Bool => Values::U8(converted(source, count, |[b]: [u8; 1]| b)?),
        })
    }
}

/// The most common type goes straight to where it stays.
fn floats(source: &mut impl Read, count: usize) -> Result<Vec<f32>, String> {
    let mut values = vec![0f32; count];
    read_all(source, bytemuck::cast_slice_mut(&mut values))?;
    if cfg!(target_endian = "big") {
        for value in &mut values {
            *value = f32::from_bits(value.to_bits().swap_bytes());
        }
    }
    Ok(values)
}

fn converted<const N: usize, T>(
    source: &mut impl Read,
    count: usize,
    convert: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let mut buffer = [0u8; 1 << 14];
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        let bytes = N * (count - values.len()).min(buffer.len() / N);
        read_all(source, &mut buffer[..bytes])?;
        let (chunks, _) = buffer[..bytes].as_chunks();
        values.extend(chunks.iter().map(|chunk| convert(*chunk)));
    }
    Ok(values)
}

/// Fills `bytes`, or says in a word what is wrong.
pub(super) fn read_all(source: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    source.read_exact(bytes).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => "the file is truncated".to_owned(),
        _ => e.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_as_it_was_written() {
        let floats: [(Element, Vec<u8>); 4] = [
            (Element::F64, [1.5f64, -2.0].map(f64::to_le_bytes).concat()),
            (Element::F32, [1.5f32, -2.0].map(f32::to_le_bytes).concat()),
            (
                Element::F16,
                [1.5, -2.0].map(|x| f16::from_f32(x).to_le_bytes()).concat(),
            ),
            (
                Element::Bf16,
                [1.5, -2.0]
                    .map(|x| bf16::from_f32(x).to_le_bytes())
                    .concat(),
            ),
        ];
        for (element, bytes) in floats {
            assert_eq!(bytes.len() as u64, 2 * element.size());
            match element.read(&mut &bytes[..], 2).unwrap() {
                Values::F32(values) => assert_eq!(values, [1.5, -2.0], "{element:?}"),
                other => panic!("{element:?} became {other:?}"),
            }
            let error = element.read(&mut &bytes[1..], 2).unwrap_err();
            assert!(error.contains("truncated"), "{error}");
        }
        let integers: [(Element, Vec<u8>); 4] = [
            (Element::I64, [7i64, -9].map(i64::to_le_bytes).concat()),
            (Element::I32, [7i32, -9].map(i32::to_le_bytes).concat()),
            (Element::I16, [7i16, -9].map(i16::to_le_bytes).concat()),
            (Element::I8, [7i8, -9].map(i8::to_le_bytes).concat()),
        ];
        for (element, bytes) in integers {
            match element.read(&mut &bytes[..], 2).unwrap() {
                Values::I64(values) => assert_eq!(values, [7, -9], "{element:?}"),
                Values::I32(values) => assert_eq!(values, [7, -9], "{element:?}"),
                other => panic!("{element:?} became {other:?}"),
            }
        }
    }

    #[test]
    fn more_than_a_buffer_is_read_whole() {
        let bytes: Vec<u8> = (0..10_000i32).flat_map(i32::to_le_bytes).collect();
        let Values::I32(values) = Element::I32.read(&mut &bytes[..], 10_000).unwrap() else {
            panic!("not whole numbers");
        };
        assert!(values.iter().copied().eq(0..10_000));
    }
}
