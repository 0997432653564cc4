//! Parameters in words, for lists of what there is.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How many columns of text a line has.
const WIDTH: usize = 96;

/// Appends a heading and the parameters below it, in as many lines as they need.
pub(super) fn describe(text: &mut String, heading: &str, parameters: &Map<String, Value>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{heading}");
    let mut column = 0;
    for setting in settings(parameters) {
        if column == 0 || column + 1 + setting.len() > WIDTH {
            *text += if column == 0 { "   " } else { "\n   " };
            column = 3;
        }
        column += 1 + setting.len();
        let _ = write!(text, " {setting}");
    }
    *text += if column == 0 { "\n" } else { "\n\n" };
}

/// Each parameter as it could be given to `--set`.
pub(super) fn settings(parameters: &Map<String, Value>) -> impl Iterator<Item = String> {
    parameters
        .iter()
        .map(|(key, value)| format!("{key}={}", short(value)))
}

/// A value in few words: of a feature inside a feature, its kind alone.
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
