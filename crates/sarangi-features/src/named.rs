//! Features inside other features, read as a name or as fields.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use crate::FeatureSpec;

/// Reads `"mfcc"` (with its defaults) or `{"type": "mfcc", …}`.
pub(crate) fn one<'de, D: Deserializer<'de>>(from: D) -> Result<Box<FeatureSpec>, D::Error> {
    spec(Value::deserialize(from)?).map(Box::new)
}

/// Reads a list of such.
pub(crate) fn many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<FeatureSpec>, D::Error> {
    Vec::<Value>::deserialize(from)?
        .into_iter()
        .map(spec)
        .collect()
}

fn spec<E: Error>(value: Value) -> Result<FeatureSpec, E> {
    match value {
        Value::String(name) => FeatureSpec::from_name(&name, Map::new()).map_err(E::custom),
        fields => serde_json::from_value(fields).map_err(E::custom),
    }
}
