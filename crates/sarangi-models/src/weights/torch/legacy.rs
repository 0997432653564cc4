//! What torch wrote before 1.6, and still writes when asked to: pickles one after the other, then
//! the storages.
//!
//! The pickles are a magic number, the protocol's version, a note on the machine, the object, and
//! the storages' keys in the order in which they follow; each storage is its length as a 64-bit
//! number and its values.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, SeekFrom};

use super::{Fault, MOST_BYTES, Pickle, Value};
use crate::weights::element::read_all;
use crate::weights::shortened::shortened;
use crate::weights::tensors::Wanted;

/// 0x1950a86a20f9469cfc6c.
const MAGIC: &[u8] = b"l\xfc\x9cF\xf9 j\xa8P\x19";
const PROTOCOL: i64 = 1001;
/// How much of a file is read first; the pickles of most networks are shorter.
const FIRST_BYTES: usize = 1 << 20;

/// Reads the state dictionary of a file of `length` bytes.
pub(in crate::weights) fn read<T: Wanted>(
    mut source: impl Read + Seek,
    length: u64,
) -> Result<BTreeMap<String, T>, String> {
    let mut bytes = Vec::new();
    let mut most = FIRST_BYTES;
    loop {
        let more = most - bytes.len();
        let read = source.by_ref().take(more as u64).read_to_end(&mut bytes);
        read.map_err(|e| e.to_string())?;
        match Pickles::read(&bytes) {
            // It may go on behind what has been read.
            Err(Fault::Truncated) if bytes.len() == most && most < MOST_BYTES => most *= 2,
            Err(fault) => return Err(fault.into()),
            Ok(pickles) => return pickles.tensors(source, length),
        }
    }
}

/// The pickles at the beginning of the file.
struct Pickles<'a> {
    object: Pickle<'a>,
    keys: Pickle<'a>,
    /// Where the storages begin.
    end: u64,
}

impl<'a> Pickles<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut rest = bytes;
        let mut next = || {
            let pickle = Pickle::read(rest)?;
            rest = &rest[pickle.length..];
            Ok::<_, Fault>(pickle)
        };
        // One pickle at a time: each may be of a million values.
        if !matches!(next()?.root(), Value::Long(MAGIC)) {
            let reason = "is not one that torch.save wrote";
            return Err(Fault::Wrong(reason.to_owned()));
        }
        if !matches!(next()?.root(), Value::Int(PROTOCOL)) {
            let reason = "is of an unknown version of torch's older format; save it again";
            return Err(Fault::Wrong(reason.to_owned()));
        }
        // The machine's sizes; since they are written in full, what differs shows in the storages.
        next()?;
        let (object, keys) = (next()?, next()?);
        let end = (bytes.len() - rest.len()) as u64;
        Ok(Self { object, keys, end })
    }

    fn tensors<T: Wanted>(
        &self,
        mut source: impl Read + Seek,
        length: u64,
    ) -> Result<BTreeMap<String, T>, String> {
        let tensors = super::tensors(&self.object)?;
        let places = self.places(&mut source, length)?;
        T::of(&tensors, length, |key, element, count| {
            let place = places.get(key);
            let &(start, stored) =
                place.ok_or_else(|| format!("storage `{}` is missing", shortened(key)))?;
            if stored != count as u64 {
                let key = shortened(key);
                return Err(format!(
                    "storage `{key}` has {stored} values instead of {count}"
                ));
            }
            let found = source.seek(SeekFrom::Start(start));
            found.map_err(|e| e.to_string())?;
            element.read(&mut source, count)
        })
    }

    /// Where each storage's values begin, and how many there are.
    fn places(
        &self,
        source: &mut (impl Read + Seek),
        length: u64,
    ) -> Result<HashMap<&str, (u64, u64)>, String> {
        let elements = self.object.storages.iter();
        let elements: HashMap<&str, _> = elements.map(|s| (s.key, s.element)).collect();
        let Value::List(keys) = self.keys.root() else {
            return Err("has no list of its storages".to_owned());
        };
        let mut places = HashMap::new();
        let mut at = self.end;
        for key in keys {
            let Value::Text(key) = self.keys.get(*key) else {
                return Err("has a storage without a name".to_owned());
            };
            let element = elements.get(key);
            let element = element
                .ok_or_else(|| format!("has a storage `{}` of no tensor", shortened(key)))?;
            source
                .seek(SeekFrom::Start(at))
                .map_err(|e| e.to_string())?;
            let mut count = [0u8; 8];
            read_all(source, &mut count)?;
            let count = u64::from_le_bytes(count);
            let bytes = count.checked_mul(element.size());
            let end = bytes.and_then(|bytes| bytes.checked_add(at + 8));
            let end = end.filter(|end| *end <= length);
            let end = end.ok_or_else(|| {
                let key = shortened(key);
                format!("storage `{key}` claims {count} values; the file is truncated or damaged")
            })?;
            places.insert(*key, (at + 8, count));
            at = end;
        }
        Ok(places)
    }
}
