//! Files of weights that are not this project's models.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use sarangi::models::{class_count, read_weights};
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

/// Whether a file is one of weights and nothing else: what torch writes, or safetensors without the
/// recipe of a model.
pub(crate) fn is_weights(path: &Path) -> Result<bool> {
    let named = || path.display().to_string();
    let mut file = BufReader::new(File::open(path).with_context(named)?);
    let mut start = Vec::new();
    let read = file.by_ref().take(9).read_to_end(&mut start);
    read.with_context(named)?;
    match start[..] {
        [a, b, c, d, 0, 0, 0, 0, b'{'] => {
            // No header is longer.
            let length = u32::from_le_bytes([a, b, c, d]).min(100_000_000);
            let mut header = Vec::new();
            let read = file.take(length.into()).read_to_end(&mut header);
            read.with_context(named)?;
            let recipe = b"\"sarangi.";
            Ok(!header.windows(recipe.len()).any(|part| part == recipe))
        }
        // A zip, a pickle, HDF5.
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] | [0x89, b'H', b'D', b'F', ..] => Ok(true),
        _ => Ok(false),
    }
}

pub(super) fn inspect(path: &Path, console: &Console) -> Result<()> {
    let tensors = read_weights(path)?;
    let weights = Weights {
        numbers: tensors.values().map(|tensor| tensor.elem_count()).sum(),
        classes: class_count(&tensors),
        tensors: tensors
            .iter()
            .map(|(name, tensor)| Tensor {
                name: name.clone(),
                shape: tensor.dims().to_vec(),
            })
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
