//! Networks by name, as recipes and the program write them.

use sarangi_core::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ModelSpec;

/// The field of a description that says which network it is.
const TYPE: &str = "type";

impl ModelSpec {
    /// The names that [`named`](Self::named) and recipes know.
    pub const NAMES: [&'static str; 14] = [
        "five-channel-cnn",
        "resnet18",
        "resnet34",
        "resnet50",
        "legacy-xception",
        "mobilenet-v1",
        "mobilenet-v2",
        "densenet201",
        "basic-cnn",
        "small-cnn",
        "softmax-regression",
        "short-chunk-cnn",
        "cnn14",
        "late-fusion",
    ];

    /// The network of this name with some of its fields set: `("dropout", "0.3")`,
    /// `("stem", "3x3")`, `("size", "[128, 130]")`. `-` and `_` are the same; what is no JSON is a
    /// text.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no such network or field, or the value makes no sense there.
    pub fn named(name: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let mut fields = Map::new();
        fields.insert(TYPE.to_owned(), name.into());
        for &(field, text) in settings {
            if field == TYPE {
                let reason = format!("is the network's name, which is {name} already");
                return Err(Error::config("model", TYPE, reason));
            }
            let value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
            fields.insert(field.replace('-', "_"), value);
        }
        Self::from_fields(fields)
            .map_err(|e| Error::config("model", name, e.to_string().replace('\n', "; ")))
    }

    /// A description whose name is perhaps not yet that of its type.
    fn from_fields(mut fields: Map<String, Value>) -> serde_json::Result<Self> {
        if let Some(Value::String(name)) = fields.get(TYPE) {
            let known = name.replace('-', "_");
            if !Self::NAMES
                .iter()
                .any(|name| name.replace('-', "_") == known)
                && known != "resnet"
            {
                let names = Self::NAMES.join(", ");
                let reason = format!("no network is called {name:?}; there are {names}");
                return Err(serde_json::Error::custom(reason));
            }
            let layers = known
                .strip_prefix("resnet")
                .and_then(|n| n.parse::<u64>().ok());
            let name = match layers {
                Some(layers) => {
                    let given = fields.insert("layers".to_owned(), layers.into());
                    if given.is_some_and(|given| given != layers) {
                        let reason = format!("`layers` of {known} can only be {layers}");
                        return Err(serde_json::Error::custom(reason));
                    }
                    "resnet".to_owned()
                }
                None => known,
            };
            fields.insert(TYPE.to_owned(), name.into());
        }
        Self::deserialize(Value::Object(fields))
    }
}

impl Serialize for ModelSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The derived one, by the fields of its type.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ModelSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = match Value::deserialize(deserializer)? {
            Value::String(name) => Map::from_iter([(TYPE.to_owned(), name.into())]),
            Value::Object(fields) => fields,
            other => {
                let reason = format!("a network is a name or a table with a `type`, not {other}");
                return Err(D::Error::custom(reason));
            }
        };
        Self::from_fields(fields).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, MobileNetV2Spec, ResNetSpec, Stem};

    #[test]
    fn every_name_is_known_with_either_dash_and_survives_json() {
        for name in ModelSpec::NAMES {
            let spec = ModelSpec::named(name, &[]).unwrap();
            assert_eq!(
                ModelSpec::named(&name.replace('-', "_"), &[]).unwrap(),
                spec
            );
            let json = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<ModelSpec>(&json).unwrap(), spec);
            let alone = serde_json::to_string(name).unwrap();
            assert_eq!(serde_json::from_str::<ModelSpec>(&alone).unwrap(), spec);
        }
    }

    #[test]
    fn fields_are_set_and_mistakes_are_named() {
        let set = [
            ("stem", "3x3"),
            ("head", "dropout-linear"),
            ("dropout", "0.25"),
        ];
        let expected = ResNetSpec {
            layers: 34,
            stem: Stem::ThreeByThree,
            head: Head::DropoutLinear,
            dropout: 0.25,
            ..ResNetSpec::default()
        };
        let spec = ModelSpec::named("resnet34", &set).unwrap();
        assert_eq!(spec, ModelSpec::ResNet(expected));
        let hidden = ModelSpec::named("mobilenet_v2", &[("head", "hidden256")]);
        let expected = MobileNetV2Spec {
            head: Head::Hidden256,
            ..MobileNetV2Spec::default()
        };
        assert_eq!(hidden.unwrap(), ModelSpec::MobileNetV2(expected));
        for (name, set, part) in [
            ("resnet19", &[][..], "resnet18"),
            ("resnet18", &[("layers", "34")][..], "layers"),
            ("resnet18", &[("heads", "linear")][..], "heads"),
            ("resnet18", &[("head", "liner")][..], "liner"),
            ("basic-cnn", &[("size", "256")][..], "array"),
            ("resnet18", &[("type", "resnet50")][..], "type"),
        ] {
            let message = ModelSpec::named(name, set).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
