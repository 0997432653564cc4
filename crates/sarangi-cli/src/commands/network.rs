//! The network that is asked for.

use std::path::Path;

use anyhow::{Context, Result};
use sarangi::core::{Error, Seed, Spec};
use sarangi::models::{
    ModelContext, ModelSpec, WeightOptions, WeightReport, apply_weights, class_count,
    match_weights, read_weights,
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
            let count = || {
                let count = text.parse().ok().filter(|count| *count > 0);
                count.with_context(|| format!("--set {key}: must be a whole number, got `{text}`"))
            };
            match key.as_str() {
                "in_channels" => in_channels = Some(count()?),
                "classes" => classes = Some(count()?),
                _ => fields.push((key.clone(), text.clone())),
            }
        }
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
        let params = Params::new(Seed(0), &common.device.device()?);
        let network = self.spec.build(ModelContext {
            params: &params,
            in_channels: self.in_channels.unwrap_or(channels),
            classes,
        })?;
        let options = WeightOptions {
            // Only who says how many channels there are wants other weights than the file's.
            adapt_stem: self.in_channels.is_some(),
            ..WeightOptions::default()
        };
        let report = match_weights(&params, &tensors, &options);
        report
            .to_string()
            .lines()
            .for_each(|line| console.note(line));
        let loaded = apply_weights(&params, tensors, &options).map_err(|e| match e {
            Error::Shape { got, .. } => Error::checkpoint(weights, got),
            other => other,
        });
        if let Err(error) = loaded {
            if common.json {
                let (error, weights) = (&error.to_string(), &report);
                console.answer(&Refusal { error, weights }, "")?;
            }
            return Err(error.into());
        }
        Ok(Loaded {
            params,
            network,
            report,
        })
    }
}
