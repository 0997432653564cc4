//! Files of weights that are not this project's models.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use sarangi::models::{class_count, read_shapes};
use serde::Serialize;

use crate::console::{Console, printable};

#[derive(Serialize)]
struct Weights {
    tensors: Vec<Tensor>,
    /// How many numbers they have together.
    numbers: usize,
    /// How many classes the last layer tells apart, if its name gives it away.
    classes: Option<usize>,
}

#[derive(Serialize)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
}

pub(super) fn inspect(path: &Path, console: &Console) -> Result<()> {
    let shapes = read_shapes(path)?;
    let weights = Weights {
        numbers: shapes
            .values()
            .map(|dims| dims.iter().product::<usize>())
            .sum(),
        classes: class_count(&shapes),
        tensors: shapes
            .into_iter()
            .map(|(name, shape)| Tensor { name, shape })
            .collect(),
    };
    console.answer(&weights, describe(path, &weights))
}

fn describe(path: &Path, weights: &Weights) -> String {
    let classes = match weights.classes {
        Some(classes) => classes.to_string(),
        None => "not told by a name".to_owned(),
    };
    let mut text = format!(
        "{}\n  tensors   {}\n  numbers   {}\n  classes   {classes}",
        printable(&path.display().to_string()),
        weights.tensors.len(),
        weights.numbers,
    );
    for Tensor { name, shape } in &weights.tensors {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {} {shape:?}", printable(name));
    }
    text
}
