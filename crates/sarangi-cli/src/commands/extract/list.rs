//! The features there are.

use std::fmt::Write as _;

use anyhow::Result;
use sarangi::prelude::{Feature, FeatureSpec, SampleRate, Spec};
use serde::Serialize;
use serde_json::{Map, Value};

use super::extraction::{CHUNK_SECONDS, CHUNKED};
use crate::commands::describe::describe;
use crate::console::Console;

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    summary: &'static str,
    parameters: Map<String, Value>,
    /// Of the array of three seconds of sound.
    shape: Vec<usize>,
}

pub(super) fn list(rate: u32, console: &Console) -> Result<()> {
    let rate = SampleRate::new(rate)?;
    let mut entries = Vec::new();
    for entry in FeatureSpec::catalogue() {
        let mut parameters = entry.parameters();
        let mut shape = entry
            .spec
            .build(rate)?
            .shape(rate.samples(CHUNK_SECONDS))
            .to_vec();
        if entry.name == CHUNKED {
            parameters.insert("chunk".to_owned(), CHUNK_SECONDS.into());
            shape.insert(0, 1);
        } else if shape[0] == 1 {
            shape.remove(0);
        }
        entries.push(Entry {
            name: entry.name,
            summary: entry.summary,
            parameters,
            shape,
        });
    }
    let mut text = String::new();
    for entry in &entries {
        let shape: Vec<_> = entry.shape.iter().map(ToString::to_string).collect();
        let heading = format!("{}: {}, ({})", entry.name, entry.summary, shape.join(", "));
        describe(&mut text, &heading, &entry.parameters);
    }
    let _ = write!(
        text,
        "Shapes are those of {CHUNK_SECONDS} s of sound at {rate}."
    );
    console.answer(&entries, text)
}
