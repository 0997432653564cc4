//! The features there are.

use std::fmt::Write as _;

use anyhow::Result;
use sarangi::prelude::{Feature, FeatureSpec, SampleRate, Spec};
use serde::Serialize;
use serde_json::{Map, Value};

use super::extraction::{CHUNK_SECONDS, CHUNKED};
use crate::console::Console;

/// How many columns of text a line has.
const WIDTH: usize = 96;

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
        describe(&mut text, entry);
    }
    let _ = write!(
        text,
        "Shapes are those of {CHUNK_SECONDS} s of sound at {rate}."
    );
    console.answer(&entries, text)
}

fn describe(text: &mut String, entry: &Entry) {
    let shape: Vec<_> = entry.shape.iter().map(ToString::to_string).collect();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{}: {}, ({})",
        entry.name,
        entry.summary,
        shape.join(", ")
    );
    let mut column = 0;
    for (key, value) in &entry.parameters {
        let setting = format!("{key}={}", short(value));
        if column == 0 || column + 1 + setting.len() > WIDTH {
            *text += if column == 0 { "   " } else { "\n   " };
            column = 3;
        }
        column += 1 + setting.len();
        let _ = write!(text, " {setting}");
    }
    *text += if column == 0 { "\n" } else { "\n\n" };
}

/// A default in few words: of a feature inside a feature, its kind alone.
fn short(value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Null => "none".to_owned(),
        Value::Object(fields) if fields.contains_key("type") => short(&fields["type"]),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(short).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}
