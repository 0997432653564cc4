//! `sarangi forward`.

use anyhow::{Context, Result, bail};
use ndarray::{Array2, Axis};
use sarangi::core::{IntoTensor, TensorExt};
use sarangi::models::WeightReport;
use sarangi::nn::Model;
use serde::Serialize;

use super::network::{Loaded, Network};
use crate::args::{Common, ForwardArgs};
use crate::console::Console;
use crate::npy;

/// How many items run at once, so that memory does not grow with the file.
const BATCH: usize = 16;

#[derive(Serialize)]
struct Answer {
    output: String,
    shape: Vec<usize>,
    weights: WeightReport,
}

pub(crate) fn forward(args: &ForwardArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let named = Network::named(&args.model, &args.settings)?;
    let input = npy::read4(&args.input)?;
    let channels = input.len_of(Axis(1));
    let loaded = named.load(&args.weights, channels, args.classes, common, console)?;
    let Loaded {
        params,
        network,
        report,
    } = loaded;
    let device = params.device();

    let mut logits = Vec::new();
    for items in input.axis_chunks_iter(Axis(0), BATCH) {
        let items = items.to_owned().into_tensor(device)?;
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
