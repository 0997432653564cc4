//! Specifications by name, as programs know them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// A named specification with its parameters, as a catalogue lists it.
///
/// The specification is an enum whose variants are told apart by `type`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<S> {
    /// The name, such as `log-mel`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub summary: &'static str,
    /// The specification with its defaults.
    pub spec: S,
}

impl<S: Clone + Serialize + DeserializeOwned> Entry<S> {
    /// The parameters and their defaults, in the order of their documentation.
    ///
    /// Taken from the serialised defaults, so that it cannot differ from what is read.
    pub fn parameters(&self) -> Map<String, Value> {
        match serde_json::to_value(&self.spec) {
            Ok(Value::Object(mut fields)) => {
                fields.shift_remove("type");
                fields
            }
            // A specification is a struct of numbers and names: nothing in it can fail.
            _ => Map::new(),
        }
    }

    /// The specification with its defaults changed by `settings`.
    ///
    /// # Errors
    /// [`Error::Config`] if it has no such setting (those it has are named), or if a value is not of
    /// the setting's kind. Whether the values make sense is only known when it is built.
    pub fn with(&self, settings: Map<String, Value>) -> Result<S> {
        let defaults = self.parameters();
        let mut spec = self.spec.clone();
        for (key, value) in settings {
            if !defaults.contains_key(&key) {
                let reason = match defaults.is_empty() {
                    true => "unknown; it has no settings".to_owned(),
                    false => {
                        let keys: Vec<_> = defaults.keys().map(String::as_str).collect();
                        format!("unknown; known are {}", keys.join(", "))
                    }
                };
                return Err(Error::config(self.name, key, reason));
            }
            // One setting after the other, so that an error names the one it is about.
            spec = changed(&spec, &key, value)
                .map_err(|e| Error::config(self.name, key, e.to_string()))?;
        }
        Ok(spec)
    }

    /// The entry called `name` of a catalogue of things of a `kind`.
    ///
    /// # Errors
    /// [`Error::Config`] that names all if there is none of that name.
    pub fn find(catalogue: Vec<Self>, kind: &'static str, name: &str) -> Result<Self> {
        let names: Vec<_> = catalogue.iter().map(|entry| entry.name).collect();
        let reason = format!("`{name}` is unknown; known are {}", names.join(", "));
        catalogue
            .into_iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| Error::config(kind, "name", reason))
    }
}

fn changed<S: Serialize + DeserializeOwned>(
    spec: &S,
    key: &str,
    value: Value,
) -> serde_json::Result<S> {
    let mut fields = serde_json::to_value(spec)?;
    fields[key] = value;
    serde_json::from_value(fields)
}
