//! `sarangi forward`.

mod network;

use anyhow::{Context, Result, bail};
use ndarray::{Array2, Axis};
use sarangi::core::{IntoTensor, Spec, TensorExt};
use sarangi::models::{
    ModelContext, WeightOptions, WeightReport, class_count, match_weights, place_weights,
    read_weights,
};
use sarangi::nn::{Model, Params};
use serde::Serialize;

use crate::args::{Common, ForwardArgs};
use crate::console::Console;
use crate::npy;
use network::Network;

/// How many items run at once, so that memory does not grow with the file.
const BATCH: usize = 16;

#[derive(Serialize)]
struct Answer {
    output: String,
    shape: Vec<usize>,
    weights: WeightReport,
}

/// The answer where the weights are not the network's.
#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    weights: &'a WeightReport,
}

pub(crate) fn forward(args: &ForwardArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let named = Network::named(&args.model, &args.settings)?;
    let input = npy::read4(&args.input)?;
    let tensors = read_weights(&args.weights)?;
    let classes = args.classes.or(named.classes);
    let classes = classes.or_else(|| class_count(&tensors)).with_context(|| {
        let weights = args.weights.display();
        format!("{weights}: has no last layer that tells the number of classes; give --classes N")
    })?;
    let device = common.device.device()?;
    let build = |params: &Params| {
        named.spec.build(ModelContext {
            params,
            in_channels: named.in_channels.unwrap_or(input.len_of(Axis(1))),
            classes,
        })
    };
    // The number of classes may come from the file: what the network would be is held against the
    // rest of the file before it takes memory.
    let outline = Params::outline(&device);
    build(&outline)?;
    let options = WeightOptions {
        // Only who says how many channels there are wants other weights than the file's.
        adapt_stem: named.in_channels.is_some(),
        ..WeightOptions::default()
    };
    let report = match_weights(&outline, &tensors, &options);
    report
        .to_string()
        .lines()
        .for_each(|line| console.note(line));
    let loaded = place_weights(&report, tensors)
        .and_then(|placed| build(&Params::from_values(placed, &device)))
        .with_context(|| args.weights.display().to_string());
    let network = match loaded {
        Ok(network) => network,
        Err(error) => {
            if common.json {
                let (error, weights) = (&format!("{error:#}"), &report);
                console.answer(&Refusal { error, weights }, "")?;
            }
            return Err(error);
        }
    };

    let mut logits = Vec::new();
    for items in input.axis_chunks_iter(Axis(0), BATCH) {
        let items = items.to_owned().into_tensor(&device)?;
        let scores = network.predict(&items);
        let scores = scores.with_context(|| args.input.display().to_string())?;
        logits.push(scores.with_array(|scores| scores.to_owned())?);
    }
    let views: Vec<_> = logits
        .iter()
        .map(|scores: &Array2<f32>| scores.view())
        .collect();
    let logits = ndarray::concatenate(Axis(0), &views)?;
    if let Some(value) = logits.iter().find(|value| !value.is_finite()) {
        bail!("{}: the network answers {value}", args.input.display());
    }
    let shape = npy::write(&args.output, &logits)?;
    let text = format!(
        "{}  ({}, {})",
        args.output.display(),
        logits.nrows(),
        logits.ncols()
    );
    let answer = Answer {
        output: args.output.display().to_string(),
        shape,
        weights: report,
    };
    console.answer(&answer, text)
}
