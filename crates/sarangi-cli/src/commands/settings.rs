//! Settings given on the command line, for things that a catalogue names.

use sarangi::core::Entry;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The settings of `name` as its specification takes them: JSON where a value is JSON, otherwise
/// text.
pub(super) fn settings<S: Clone + Serialize + DeserializeOwned>(
    catalogue: &[Entry<S>],
    name: &str,
    given: &[(String, String)],
) -> Map<String, Value> {
    let defaults = catalogue
        .iter()
        .find(|entry| entry.name == name)
        .map(|e| e.parameters());
    let is_text = |key: &str| {
        let default = defaults.as_ref().and_then(|defaults| defaults.get(key));
        default.is_some_and(Value::is_string)
    };
    let value = |key: &str, text: &str| match text {
        // Where the values are names, `none` is one of them.
        "none" | "None" if is_text(key) => Value::from("none"),
        "none" | "None" => Value::Null,
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    };
    given
        .iter()
        .map(|(key, text)| (key.clone(), value(key, text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi::augment::WaveformAugmentation;
    use sarangi::prelude::FeatureSpec;
    use serde_json::json;

    fn pairs<const N: usize>(given: [(&str, &str); N]) -> [(String, String); N] {
        given.map(|(key, value)| (key.to_owned(), value.to_owned()))
    }

    #[test]
    fn settings_are_json_where_they_can_be() {
        let given = pairs([
            ("n_mels", "64"),
            ("fmax", "none"),
            ("top_db", "null"),
            ("norm", "none"),
            ("htk", "true"),
            ("ref", "max"),
        ]);
        let want = json!({
            "n_mels": 64, "fmax": null, "top_db": null, "norm": "none", "htk": true, "ref": "max",
        });
        let catalogue = FeatureSpec::catalogue();
        assert_eq!(Value::Object(settings(&catalogue, "log-mel", &given)), want);
    }

    #[test]
    fn ranges_and_names_are_settings() {
        let given = pairs([("rate", "[0.8,1.2]"), ("method", "librosa"), ("p", "0.5")]);
        let want = json!({"rate": [0.8, 1.2], "method": "librosa", "p": 0.5});
        let catalogue = WaveformAugmentation::catalogue();
        assert_eq!(
            Value::Object(settings(&catalogue, "time-stretch", &given)),
            want
        );
    }
}
