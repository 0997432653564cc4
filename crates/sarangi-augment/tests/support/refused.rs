//! Settings of the transforms of any family, and their refusal.

use sarangi_core::{Entry, Error, Spec};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A transform with one setting changed.
pub(crate) fn with<S>(entry: &Entry<S>, key: &str, value: Value) -> Result<S, Error>
where
    S: Clone + Serialize + DeserializeOwned,
{
    entry.with(Map::from_iter([(key.to_owned(), value)]))
}

/// Refused by the field's name, when it is read or when it is built.
#[track_caller]
pub(crate) fn assert_refused<S, C>(entry: &Entry<S>, context: C, key: &str, value: Value)
where
    S: Spec<C>,
{
    let shown = format!("{}: {key}: {value}", entry.name);
    let error = match with(entry, key, value) {
        Ok(spec) => spec
            .build(context)
            .map(|_| ())
            .err()
            .unwrap_or_else(|| panic!("{shown}")),
        Err(error) => error,
    };
    let text = error.to_string();
    assert!(matches!(error, Error::Config { .. }), "{shown}: {text}");
    let named = text.contains(&format!(": {key}: "));
    assert!(named && !text.contains('\n'), "{shown}: {text}");
}
