//! What a pickle says, without Python.

use super::Global;
use crate::weights::element::Element;

/// The place of a value among all values of a pickle. Values hold places instead of each other, so
/// that sharing, cycles and depth cost nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::weights) struct Id(pub(super) u32);

/// One value. A file may have a million of them, so that what is large lies elsewhere.
#[derive(Clone, Debug)]
pub(in crate::weights) enum Value<'a> {
    /// `None`, a truth value, a float, a set, bytes, or whatever else weights do not depend on.
    Inert,
    Int(i64),
    /// An integer of more than 64 bits: its bytes. No size is so large.
    Long(&'a [u8]),
    Text(&'a str),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// A place among the pickle's storages.
    Storage(u32),
    Tensor(Box<TensorView<'a>>),
}

/// Numbers that lie elsewhere in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::weights) struct Storage<'a> {
    pub(in crate::weights) key: &'a str,
    pub(in crate::weights) element: Element,
    /// How many it claims to have.
    pub(in crate::weights) count: u64,
}

/// A tensor as a way of reading a storage.
#[derive(Clone, Debug)]
pub(in crate::weights) struct TensorView<'a> {
    pub(in crate::weights) storage: Storage<'a>,
    pub(in crate::weights) offset: u64,
    pub(in crate::weights) dims: Vec<u64>,
    pub(in crate::weights) strides: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_small() {
        assert!(size_of::<Value<'_>>() <= 32, "{}", size_of::<Value<'_>>());
    }
}
