//! Torch's files: a pickle that describes tensors, and their values beside it.

mod legacy;
mod zipped;

use super::pickle::{Fault, Id, Pickle, TensorView, Value};
use super::tensors::Described;

pub(super) use legacy::read as read_legacy;
pub(super) use zipped::read as read_zipped;

/// The entries under which training programs keep the state dictionary in a checkpoint.
pub(super) const NESTED: [&str; 3] = ["model_state_dict", "state_dict", "model"];
/// How deep a state dictionary may lie in a checkpoint.
const MOST_LEVELS: usize = 4;
/// The most bytes that a pickle may have: the values lie elsewhere.
const MOST_BYTES: usize = 64 << 20;

/// Finds the state dictionary: under a name of [`NESTED`], or the whole.
///
/// What else lies in a checkpoint is left alone.
fn tensors<'p>(pickle: &'p Pickle<'_>) -> Result<Vec<Described<'p>>, String> {
    let Value::Dict(root) = pickle.root() else {
        let what = match pickle.root() {
            Value::Tensor(_) => "one tensor without a name",
            Value::List(_) | Value::Tuple(_) => "a list, not a dictionary",
            _ => "no dictionary",
        };
        return Err(format!("holds {what}{}", hint()));
    };
    let mut dicts = vec![root];
    let mut dict = root;
    while dicts.len() < MOST_LEVELS {
        let inner = NESTED
            .iter()
            .find_map(|name| match pickle.entry(dict, name) {
                Some(Value::Dict(inner)) => Some(inner),
                _ => None,
            });
        let Some(inner) = inner else { break };
        dicts.push(inner);
        dict = inner;
    }
    // Under such a name there may be settings instead.
    let found = dicts.iter().rev().map(|dict| named(pickle, dict));
    Ok(found
        .into_iter()
        .find(|tensors| !tensors.is_empty())
        .unwrap_or_default())
}

fn named<'p>(pickle: &'p Pickle<'_>, dict: &[(Id, Id)]) -> Vec<Described<'p>> {
    let mut tensors = Vec::new();
    for (key, value) in dict {
        if let (Value::Text(name), Value::Tensor(view)) = (pickle.get(*key), pickle.get(*value)) {
            tensors.push(described(name, view));
        }
    }
    tensors
}

fn described<'p>(name: &'p str, view: &'p TensorView<'_>) -> Described<'p> {
    Described {
        name,
        storage: view.storage.key,
        element: view.storage.element,
        count: view.storage.count,
        offset: view.offset,
        dims: &view.dims,
        strides: Some(&view.strides),
    }
}

/// What to do about a file that holds no tensors by name.
pub(super) fn hint() -> String {
    format!(
        "; a torch file must hold a state dictionary, itself or under {}",
        NESTED.join(", ")
    )
}
