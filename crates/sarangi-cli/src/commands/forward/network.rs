//! Networks by the names that the program has for them.

use anyhow::{Context, Result, bail};
use sarangi::models::ModelSpec;
use serde_json::{Map, Value, json};

/// A name, the type of the description, and the field that the name decides.
type Known = (&'static str, &'static str, Option<(&'static str, usize)>);

const NAMES: [Known; 5] = [
    ("five-channel-cnn", "five_channel_cnn", None),
    ("resnet18", "resnet", Some(("layers", 18))),
    ("resnet34", "resnet", Some(("layers", 34))),
    ("mobilenet-v2", "mobilenet_v2", None),
    ("legacy-xception", "legacy_xception", None),
];

/// A network that was asked for.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) spec: ModelSpec,
    pub(super) in_channels: Option<usize>,
    pub(super) classes: Option<usize>,
}

impl Network {
    /// The network of a name with its options; `-` and `_` are the same.
    pub(super) fn named(name: &str, settings: &[(String, String)]) -> Result<Self> {
        let wanted = name.replace('_', "-");
        let Some((_, kind, fixed)) = NAMES.iter().find(|known| known.0 == wanted) else {
            let known: Vec<_> = NAMES.iter().map(|known| known.0).collect();
            bail!(
                "--model: `{name}` is unknown; known are {}",
                known.join(", ")
            );
        };
        let (mut in_channels, mut classes) = (None, None);
        let mut fields = Map::from_iter([("type".to_owned(), json!(kind))]);
        fields.extend(fixed.map(|(key, value)| (key.to_owned(), json!(value))));
        for (key, text) in settings {
            let count = || {
                let count = text.parse().ok().filter(|count| *count > 0);
                count.with_context(|| format!("--set {key}: must be a whole number, got `{text}`"))
            };
            match key.as_str() {
                "in_channels" => in_channels = Some(count()?),
                "classes" => classes = Some(count()?),
                "type" => bail!("--set type: the network is chosen by --model"),
                _ if fixed.is_some_and(|(fixed, _)| fixed == key) => {
                    bail!("--set {key}: is part of the name {name}")
                }
                _ => {
                    let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                    fields.insert(key.clone(), value);
                }
            }
        }
        let spec = serde_json::from_value(Value::Object(fields));
        let spec = spec.with_context(|| format!("--set: {name}"))?;
        Ok(Self {
            spec,
            in_channels,
            classes,
        })
    }
}
