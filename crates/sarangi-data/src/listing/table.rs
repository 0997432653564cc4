//! Rows with named columns, from CSV or lines of JSON.

use std::fs;
use std::path::Path;

use sarangi_core::{Error, Result};
use serde_json::{Map, Value};

/// A table of texts; every row has a field for each column, empty if it says nothing.
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    /// The line of the file that each row begins on, and its fields.
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

impl Table {
    /// Reads a file by its ending.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Self::of_csv(path, b','),
            "tsv" => Self::of_csv(path, b'\t'),
            "jsonl" | "ndjson" => Self::of_json_lines(path),
            _ => {
                let reason = "is neither a folder nor a manifest (.csv, .tsv, .jsonl)";
                Err(Error::data(path, reason))
            }
        }
    }

    fn of_csv(path: &Path, delimiter: u8) -> Result<Self> {
        let file = fs::File::open(path).map_err(|e| Error::io(path, e))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(file);
        let fault = |error: csv::Error| csv_fault(path, error);
        // A byte-order mark is part of the first name else.
        let headers = reader.headers().map_err(fault)?;
        let columns = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let rows = reader
            .records()
            .map(|record| {
                let record = record.map_err(fault)?;
                let line = record.position().map_or(0, csv::Position::line);
                Ok((line, record.iter().map(str::to_owned).collect()))
            })
            .collect::<Result<_>>()?;
        Ok(Self { columns, rows })
    }

    fn of_json_lines(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let mut columns: Vec<String> = Vec::new();
        let mut objects = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let object: Map<String, Value> = serde_json::from_str(line)
                .map_err(|e| Error::data(path, format!("line {}: {e}", number + 1)))?;
            for key in object.keys() {
                if !columns.contains(key) {
                    columns.push(key.clone());
                }
            }
            objects.push((number as u64 + 1, object));
        }
        let text = |value: Option<&Value>| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let row =
            |object: &Map<String, Value>| columns.iter().map(|c| text(object.get(c))).collect();
        let rows = objects.iter().map(|(line, o)| (*line, row(o))).collect();
        Ok(Self { columns, rows })
    }

    /// The first column that bears one of these names, in any case.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        let is = |column: &String, name: &str| column.eq_ignore_ascii_case(name);
        let find = |name: &&str| self.columns.iter().position(|column| is(column, name));
        names.iter().find_map(find)
    }
}

pub(crate) fn csv_fault(path: &Path, error: csv::Error) -> Error {
    let text = error.to_string().replace('\n', "; ");
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => Error::io(path, cause),
        _ => Error::data(path, text),
    }
}
