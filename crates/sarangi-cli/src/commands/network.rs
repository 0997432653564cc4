//! The network that is asked for.

use std::path::Path;

use anyhow::{Context, Result};
use sarangi::core::Spec;
use sarangi::models::{
    ModelContext, ModelSpec, WeightOptions, WeightReport, class_count, match_weights,
    place_weights, read_weights,
};
use sarangi::nn::{Model, Params};
use serde::Serialize;

use crate::args::Common;
use crate::console::Console;

/// A network by name, and what its options say of the data.
#[derive(Debug)]
pub(super) struct Network {
    spec: ModelSpec,
    in_channels: Option<usize>,
    classes: Option<usize>,
}

/// A network with somebody's weights.
pub(super) struct Loaded {
    pub(super) params: Params,
    pub(super) network: Box<dyn Model>,
    /// What became of each of the weights.
    pub(super) report: WeightReport,
}

/// The answer where the weights are not the network's.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    weights: &'a WeightReport,
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

    /// Builds it for data of so many channels with the weights of a file, and says what became of
    /// each of them.
    pub(super) fn load(
        &self,
        weights: &Path,
        channels: usize,
        classes: Option<usize>,
        common: &Common,
        console: &Console,
    ) -> Result<Loaded> {
        let tensors = read_weights(weights)?;
        let classes = classes.or(self.classes).or_else(|| class_count(&tensors));
        let classes = classes.with_context(|| {
            let weights = weights.display();
            format!(
                "{weights}: has no last layer that tells the number of classes; give --classes N"
            )
        })?;
        let device = common.device.device()?;
        let build = |params: &Params| {
            self.spec.build(ModelContext {
                params,
                in_channels: self.in_channels.unwrap_or(channels),
                classes,
            })
        };
        // The number of classes may come from the file: what the network would be is held against
        // the rest of the file before it takes memory.
        let outline = Params::outline(&device);
        build(&outline)?;
        let options = WeightOptions {
            // Only who says how many channels there are wants other weights than the file's.
            adapt_stem: self.in_channels.is_some(),
            ..WeightOptions::default()
        };
        let report = match_weights(&outline, &tensors, &options);
        report
            .to_string()
            .lines()
            .for_each(|line| console.note(line));
        let loaded = place_weights(&report, tensors)
            .and_then(|placed| {
                let params = Params::from_values(placed, &device);
                let network = build(&params)?;
                Ok((params, network))
            })
            .with_context(|| weights.display().to_string());
        match loaded {
            Ok((params, network)) => Ok(Loaded {
                params,
                network,
                report,
            }),
            Err(error) => {
                if common.json {
                    let (error, weights) = (&format!("{error:#}"), &report);
                    console.answer(&Refusal { error, weights }, "")?;
                }
                Err(error)
            }
        }
    }
}
