//! From values in a file to tensors.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use super::element::{Element, Values};
use super::shortened::shortened;

/// How many bytes tensors may take for each byte of a file: small numbers are kept as larger ones,
/// and tensors may share numbers, but not by the thousand.
const MOST_GROWTH: u64 = 4;
/// What tensors may take besides, so that small files may spread a few numbers out.
const ALWAYS_ALLOWED: u64 = 1 << 20;

/// The most bytes that a tensor's name may have; the longest of known networks have a hundred.
const MOST_NAME_BYTES: usize = 1024;

/// How many axes a tensor may have.
pub(super) const MOST_AXES: usize = 8;

/// A tensor as a file describes it: a way of reading numbers that lie under a key.
///
/// Element (i, j, …) is number `offset + i strides[0] + j strides[1] + …` of the storage; without
/// strides the numbers lie in C order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    pub(super) name: &'a str,
    pub(super) storage: &'a str,
    pub(super) element: Element,
    /// How many numbers the storage claims to have.
    pub(super) count: u64,
    pub(super) offset: u64,
    pub(super) dims: &'a [u64],
    pub(super) strides: Option<&'a [u64]>,
}

impl Described<'_> {
    /// Whether nothing that is computed from the shape overflows, whatever computes it: a shape of
    /// nothing may still speak of more than there is anywhere.
    fn has_sound_shape(&self) -> bool {
        let mut axes = self.dims.iter();
        let extent = axes.try_fold(1u64, |extent, dim| extent.checked_mul((*dim).max(1)));
        let extent = extent.and_then(|extent| usize::try_from(extent).ok());
        self.dims.len() <= MOST_AXES && extent.is_some_and(|extent| extent <= usize::MAX >> 4)
    }

    /// The sizes of the axes, which are [sound](Self::has_sound_shape).
    fn shape(&self) -> Vec<usize> {
        self.dims.iter().map(|dim| *dim as usize).collect()
    }

    /// How many numbers the tensor has, if it lies inside its storage. Its shape must be
    /// [sound](Self::has_sound_shape).
    fn checked_len(&self) -> Option<u64> {
        let len = self.dims.iter().product();
        if len == 0 {
            return Some(0);
        }
        let behind_first = match self.strides {
            None => len - 1,
            Some(strides) => {
                let mut axes = self.dims.iter().zip(strides);
                axes.try_fold(0u64, |last, (dim, stride)| {
                    last.checked_add((dim - 1).checked_mul(*stride)?)
                })?
            }
        };
        let last = self.offset.checked_add(behind_first)?;
        (last < self.count).then_some(len)
    }

    /// Whether the numbers lie in C order.
    fn is_contiguous(&self) -> bool {
        let Some(strides) = self.strides else {
            return true;
        };
        let mut expected = 1;
        let axes = self.dims.iter().zip(strides).rev();
        for (dim, stride) in axes {
            if *dim != 1 && *stride != expected {
                return false;
            }
            expected *= dim;
        }
        true
    }

    /// The tensor's numbers among its storage's.
    fn gather<T: Copy>(&self, storage: &[T], len: usize) -> Option<Vec<T>> {
        let start = usize::try_from(self.offset).ok()?;
        if len == 0 {
            return Some(Vec::new());
        }
        let strides = match self.strides {
            Some(strides) if !self.is_contiguous() => strides,
            _ => return Some(storage.get(start..start.checked_add(len)?)?.to_vec()),
        };
        let mut values = Vec::with_capacity(len);
        let mut index = vec![0u64; self.dims.len()];
        let mut at = self.offset;
        loop {
            values.push(*storage.get(usize::try_from(at).ok()?)?);
            let mut axis = self.dims.len();
            loop {
                axis = match axis.checked_sub(1) {
                    Some(axis) => axis,
                    None => return Some(values),
                };
                if index[axis] + 1 < self.dims[axis] {
                    index[axis] += 1;
                    at += strides[axis];
                    break;
                }
                at -= index[axis] * strides[axis];
                index[axis] = 0;
            }
        }
    }
}

/// What may be wanted of the tensors that a file describes.
pub(super) trait Wanted: Sized {
    /// Makes it. `read` gives the numbers of a storage by its key; it is asked at most once for each
    /// storage that is needed, after everything the file claims has been held against its `length`
    /// in bytes.
    fn of(
        described: &[Described<'_>],
        length: u64,
        read: impl FnMut(&str, Element, usize) -> Result<Values, String>,
    ) -> Result<BTreeMap<String, Self>, String>;
}

impl Wanted for Tensor {
    fn of(
        described: &[Described<'_>],
        length: u64,
        read: impl FnMut(&str, Element, usize) -> Result<Values, String>,
    ) -> Result<BTreeMap<String, Self>, String> {
        assemble(described, length, read)
    }
}

/// The shape alone.
impl Wanted for Vec<usize> {
    fn of(
        described: &[Described<'_>],
        length: u64,
        _: impl FnMut(&str, Element, usize) -> Result<Values, String>,
    ) -> Result<BTreeMap<String, Self>, String> {
        let storages = check(described, length)?;
        let tensors = storages.values().flat_map(|(_, _, users)| users);
        let shapes = tensors.map(|(tensor, _)| (tensor.name.to_owned(), tensor.shape()));
        Ok(shapes.collect())
    }
}

fn assemble(
    described: &[Described<'_>],
    length: u64,
    mut read: impl FnMut(&str, Element, usize) -> Result<Values, String>,
) -> Result<BTreeMap<String, Tensor>, String> {
    let storages = check(described, length)?;
    let mut tensors = BTreeMap::new();
    for (key, (element, count, users)) in storages {
        let values = read(key, element, count)?;
        make(values, &users, &mut tensors).map_err(|e| {
            format!(
                "cannot make the tensors of storage `{}`: {e}",
                shortened(key)
            )
        })?;
    }
    Ok(tensors)
}

/// A storage's type, the count of its numbers and the tensors that read it.
type Used<'d, 'a> = (Element, usize, Vec<(&'d Described<'a>, usize)>);

fn check<'d, 'a>(
    described: &'d [Described<'a>],
    length: u64,
) -> Result<BTreeMap<&'a str, Used<'d, 'a>>, String> {
    // The last of equal names counts, as in Python.
    let last: BTreeMap<&str, &Described<'_>> = described.iter().map(|d| (d.name, d)).collect();
    let mut storages: BTreeMap<&str, Used<'_, '_>> = BTreeMap::new();
    let (mut stored, mut made) = (0u64, 0u64);
    for tensor in last.into_values() {
        let name = tensor.name;
        if name.len() > MOST_NAME_BYTES {
            return Err(format!(
                "`{}` is a name of {} bytes; no network has one of more than {MOST_NAME_BYTES}",
                shortened(name),
                name.len()
            ));
        }
        let name = shortened(name);
        if !tensor.has_sound_shape() {
            return Err(format!(
                "`{name}` has a shape of {} axes that no tensor has",
                tensor.dims.len()
            ));
        }
        let bytes = tensor.count.checked_mul(tensor.element.size());
        let bytes = bytes.filter(|bytes| *bytes <= length);
        let bytes = bytes.ok_or_else(|| {
            let (count, element) = (tensor.count, tensor.element);
            format!("`{name}` claims {count} numbers of {element:?}, more than the file has")
        })?;
        let len = tensor.checked_len().ok_or_else(|| {
            format!(
                "`{name}` of {:?} is larger than its storage of {} numbers",
                tensor.dims, tensor.count
            )
        })?;
        made = made.saturating_add(len.saturating_mul(tensor.element.kept_size()));
        if made > length.saturating_mul(MOST_GROWTH).max(ALWAYS_ALLOWED) {
            return Err(format!(
                "its tensors up to `{name}` would take {made} bytes, the file only {length}"
            ));
        }
        let used = storages.entry(tensor.storage).or_insert_with(|| {
            stored = stored.saturating_add(bytes);
            // A count in bounds of the file fits the address space, or reading fails.
            let count = usize::try_from(tensor.count).unwrap_or(usize::MAX);
            (tensor.element, count, Vec::new())
        });
        if used.0 != tensor.element || used.1 as u64 != tensor.count {
            return Err(format!(
                "storage `{}` has two sizes or types",
                shortened(tensor.storage)
            ));
        }
        used.2.push((tensor, len as usize));
    }
    if stored > length {
        return Err(format!(
            "claims {stored} bytes of values, the file has {length}"
        ));
    }
    Ok(storages)
}

fn make(
    values: Values,
    users: &[(&Described<'_>, usize)],
    into: &mut BTreeMap<String, Tensor>,
) -> Result<(), String> {
    match values {
        Values::F32(values) => make_of(values, users, into),
        Values::I64(values) => make_of(values, users, into),
        Values::I32(values) => make_of(values, users, into),
        Values::U8(values) => make_of(values, users, into),
    }
}

fn make_of<T: candle_core::WithDType>(
    values: Vec<T>,
    users: &[(&Described<'_>, usize)],
    into: &mut BTreeMap<String, Tensor>,
) -> Result<(), String> {
    let mut put = |tensor: &Described<'_>, values: Vec<T>| {
        let made = Tensor::from_vec(values, tensor.shape(), &Device::Cpu);
        let made = made.map_err(|e| e.to_string())?;
        into.insert(tensor.name.to_owned(), made);
        Ok::<_, String>(())
    };
    if let [(tensor, len)] = users
        && *len == values.len()
        && tensor.offset == 0
        && tensor.is_contiguous()
    {
        return put(tensor, values);
    }
    for (tensor, len) in users {
        let gathered = tensor.gather(&values, *len);
        let gathered = gathered.ok_or_else(|| format!("`{}` is larger than it", tensor.name))?;
        put(tensor, gathered)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor<'a>(offset: u64, dims: &'a [u64], strides: &'a [u64], count: u64) -> Described<'a> {
        Described {
            name: "t",
            storage: "0",
            element: Element::F32,
            count,
            offset,
            dims,
            strides: Some(strides),
        }
    }

    fn read(described: Described<'_>) -> Result<Vec<f32>, String> {
        let count = described.count;
        let tensors = assemble(&[described], 4 * count, |_, _, count| {
            Ok(Values::F32((0..count).map(|n| n as f32).collect()))
        })?;
        Ok(tensors["t"].flatten_all().unwrap().to_vec1().unwrap())
    }

    #[test]
    fn views_are_read_in_their_own_order() {
        let whole = tensor(0, &[2, 3], &[3, 1], 6);
        assert_eq!(read(whole).unwrap(), [0., 1., 2., 3., 4., 5.]);
        let part = tensor(2, &[2, 2], &[2, 1], 8);
        assert_eq!(read(part).unwrap(), [2., 3., 4., 5.]);
        let transposed = tensor(0, &[3, 2], &[1, 3], 6);
        assert_eq!(read(transposed).unwrap(), [0., 3., 1., 4., 2., 5.]);
        let every_second = tensor(1, &[2, 1, 2], &[4, 9, 2], 8);
        assert_eq!(read(every_second).unwrap(), [1., 3., 5., 7.]);
        let spread = tensor(1, &[3], &[0], 2);
        assert_eq!(read(spread).unwrap(), [1., 1., 1.]);
        assert_eq!(read(tensor(5, &[], &[], 6)).unwrap(), [5.]);
        assert_eq!(read(tensor(9, &[0, 3], &[3, 1], 6)).unwrap(), [0f32; 0]);
        // How far an axis of one number moves does not matter.
        let far = tensor(1, &[2, 1], &[2, u64::MAX], 4);
        assert_eq!(read(far).unwrap(), [1., 3.]);
        let in_order = Described {
            strides: None,
            ..tensor(1, &[2, 2], &[], 6)
        };
        assert_eq!(read(in_order).unwrap(), [1., 2., 3., 4.]);
    }

    #[test]
    fn what_cannot_lie_in_the_file_is_refused_before_it_is_read() {
        let huge = [1 << 60, 1 << 60];
        let nothing = [0, 1 << 40, 1 << 40];
        for (described, part) in [
            (tensor(0, &[7], &[1], 6), "larger than its storage"),
            (tensor(1, &[2, 3], &[3, 1], 6), "larger than its storage"),
            (tensor(u64::MAX, &[2], &[1], 6), "larger than its storage"),
            (tensor(0, &huge, &[0, 0], 6), "2 axes that no tensor has"),
            (tensor(0, &nothing, &[0, 1 << 40, 1], 6), "no tensor has"),
            (tensor(0, &[1; 9], &[1; 9], 6), "9 axes that no tensor has"),
            (tensor(0, &[2], &[u64::MAX], 6), "larger than its storage"),
            (tensor(0, &[1 << 59], &[0], 6), "the file only"),
            (tensor(0, &[1], &[1], 1 << 60), "more than the file has"),
            (tensor(0, &[1], &[1], u64::MAX), "more than the file has"),
        ] {
            let never = |_: &str, _, _| -> Result<Values, String> { panic!("read") };
            let error = assemble(&[described], 24, never).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn many_claims_together_are_held_against_the_file_too() {
        let dims = [1000];
        let names: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
        let shared: Vec<_> = names
            .iter()
            .map(|name| Described {
                name,
                ..tensor(0, &dims, &[1], 1000)
            })
            .collect();
        let never = |_: &str, _, _| -> Result<Values, String> { panic!("read") };
        let error = assemble(&shared, 4000, never).unwrap_err();
        assert!(error.contains("the file only 4000"), "{error}");
        let apart: Vec<_> = shared[..20]
            .iter()
            .map(|d| Described {
                storage: d.name,
                ..*d
            })
            .collect();
        let error = assemble(&apart, 4000, never).unwrap_err();
        assert!(error.contains("claims 80000 bytes"), "{error}");
        let two = [
            Described {
                name: "a",
                ..shared[0]
            },
            Described {
                element: Element::F16,
                ..shared[1]
            },
        ];
        let error = assemble(&two, 4000, never).unwrap_err();
        assert!(error.contains("two sizes or types"), "{error}");
    }
}
