//! `sarangi export`.

use std::path::Path;

use anyhow::{Context, Result};
use sarangi::core::Error;
use sarangi::models::{OnnxOptions, WeightFormat, WeightReport, save_onnx};
use sarangi::nn::{Graph, trace};
use sarangi::train::ModelFile;
use serde::Serialize;

use super::network::{Loaded, Network};
use crate::args::{Common, ExportArgs, Size};
use crate::console::{Console, printable};
use crate::usage::Usage;

#[derive(Serialize)]
struct Answer {
    output: String,
    inputs: Vec<Port>,
    logits: Vec<Axis>,
    labels: Vec<String>,
    /// What became of the weights of a network by name.
    weights: Option<WeightReport>,
}

/// One input.
#[derive(Serialize)]
struct Port {
    name: String,
    shape: Vec<Axis>,
}

/// A length, or the name of one that is left open.
#[derive(Serialize)]
#[serde(untagged)]
enum Axis {
    Open(&'static str),
    Fixed(usize),
}

pub(crate) fn export(args: &ExportArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    let (graph, options, weights) = match &args.model {
        Some(name) => of_weights(name, args, common, console)?,
        None => of_model(args)?,
    };
    save_onnx(&args.output, &graph, &options)?;
    let inputs = graph.inputs.iter().map(|input| Port {
        name: input.name.clone(),
        shape: shape(&input.dims),
    });
    let answer = Answer {
        output: args.output.display().to_string(),
        inputs: inputs.collect(),
        logits: shape(graph.dims(graph.output).unwrap_or_default()),
        labels: options.labels,
        weights,
    };
    console.answer(&answer, describe(&answer))
}

type Exported = (Graph, OnnxOptions, Option<WeightReport>);

/// A trained model, which knows all that is to be known.
fn of_model(args: &ExportArgs) -> Result<Exported> {
    let path = || args.file.display().to_string();
    let file = ModelFile::read(&args.file).map_err(|error| match error {
        Error::Checkpoint { .. } if are_weights(&args.file) => {
            let reason = "a file of weights; say which network's by --model NAME and --size CxHxW";
            Error::checkpoint(&args.file, reason)
        }
        other => other,
    })?;
    let graph = file.graph().with_context(path)?;
    Ok((graph, file.onnx_options().with_context(path)?, None))
}

/// Whether a file holds weights and nothing else.
fn are_weights(path: &Path) -> bool {
    match WeightFormat::of_file(path) {
        Ok(Some(WeightFormat::Safetensors)) => !ModelFile::may_be(path).unwrap_or(true),
        Ok(format) => format.is_some(),
        Err(_) => false,
    }
}

/// A network by name with somebody's weights.
fn of_weights(
    name: &str,
    args: &ExportArgs,
    common: &Common,
    console: &Console,
) -> Result<Exported> {
    let sizes = &args.sizes;
    if sizes.len() > 1 && sizes.iter().any(|size| size.name.is_none()) {
        let reason = "--size: each of several inputs needs its name, as in --size wavelet=3x64x64";
        return Err(Usage(reason.to_owned()).into());
    }
    let channels = sizes
        .iter()
        .map(|size| size.dims[0])
        .fold(0, usize::saturating_add);
    let named = Network::named(name, &args.settings)?;
    let loaded = named.load(&args.file, channels, args.classes, common, console)?;
    let Loaded {
        params,
        network,
        report,
    } = loaded;
    let input = |Size { name, dims }: &Size| {
        let name = name.clone().unwrap_or_else(|| "input".to_owned());
        (name, *dims)
    };
    let inputs: Vec<(String, [usize; 3])> = sizes.iter().map(input).collect();
    let inputs: Vec<(&str, &[usize])> = inputs
        .iter()
        .map(|(name, dims)| (name.as_str(), dims.as_slice()))
        .collect();
    let graph = trace(&network, &inputs, &params).context("--size")?;
    Ok((graph, OnnxOptions::default(), Some(report)))
}

fn shape(dims: &[usize]) -> Vec<Axis> {
    let rest = dims.iter().skip(1).map(|&dim| Axis::Fixed(dim));
    [Axis::Open("batch")].into_iter().chain(rest).collect()
}

fn describe(answer: &Answer) -> String {
    let shape = |axes: &[Axis]| {
        let axes: Vec<String> = axes
            .iter()
            .map(|axis| match axis {
                Axis::Open(name) => (*name).to_owned(),
                Axis::Fixed(length) => length.to_string(),
            })
            .collect();
        format!("({})", axes.join(", "))
    };
    let inputs: Vec<String> = answer
        .inputs
        .iter()
        .map(|input| format!("{} {}", input.name, shape(&input.shape)))
        .collect();
    printable(&format!(
        "{}  {} -> logits {}",
        answer.output,
        inputs.join(", "),
        shape(&answer.logits)
    ))
}
