//! The network that is asked for.

use anyhow::{Context, Result};
use sarangi::models::ModelSpec;

/// A network by name, and what its options say of the data.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) spec: ModelSpec,
    pub(super) in_channels: Option<usize>,
    pub(super) classes: Option<usize>,
}

impl Network {
    pub(super) fn named(name: &str, settings: &[(String, String)]) -> Result<Self> {
        let (mut in_channels, mut classes) = (None, None);
        let mut fields = Vec::new();
        for (key, text) in settings {
            let key = key.replace('-', "_");
            let count = || {
                let count = text.parse().ok().filter(|count| *count > 0);
                count.with_context(|| format!("--set {key}: must be a whole number, got `{text}`"))
            };
            match key.as_str() {
                "in_channels" => in_channels = Some(count()?),
                "classes" => classes = Some(count()?),
                _ => fields.push((key, text.as_str())),
            }
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, text)| (key.as_str(), *text))
            .collect();
        Ok(Self {
            spec: ModelSpec::named(name, &fields)?,
            in_channels,
            classes,
        })
    }
}
