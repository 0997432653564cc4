//! A table of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use sarangi_audio::{FileKind, Quarantine};
use sarangi_core::{Error, Result};

use super::table::Table;
use super::{ListedFile, Listing, fma};
use crate::{Listed, Part};

/// A row of a manifest.
pub(super) struct Row {
    pub(super) path: String,
    pub(super) label: String,
    pub(super) listed: Listed,
}

/// Reads a manifest or FMA's table.
pub(super) fn read(path: &Path, kind: FileKind) -> Result<Listing> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    if fma::is_table(path)? {
        let (root, rows) = fma::read(path, &folder)?;
        return listing(path, root, rows, kind);
    }
    let rows = rows(path, &Table::read(path)?)?;
    // Some publishers keep the table in a folder beside that of the files.
    let places = [
        folder.clone(),
        folder.join("audio"),
        folder.join("../audio"),
    ];
    let first = rows.first().map(|row| row.path.clone()).unwrap_or_default();
    let root = places
        .into_iter()
        .find(|place| place.join(&first).is_file());
    listing(path, root.unwrap_or(folder), rows, kind)
}

fn rows(path: &Path, table: &Table) -> Result<Vec<Row>> {
    let needed = |names: &[&str]| {
        table.column(names).ok_or_else(|| {
            let reason = format!(
                "has no column `{}`; it has {}",
                names[0],
                table.columns.join(", ")
            );
            Error::data(path, reason)
        })
    };
    let file = needed(&["path", "file", "filename"])?;
    let label = needed(&["label", "class", "genre", "category"])?;
    let recording = table.column(&["track", "track_id", "recording"]);
    let artist = table.column(&["artist", "artist_id", "artist_name"]);
    let fold = table.column(&["fold"]);
    let part = table.column(&["split", "part"]);
    let mut seen = BTreeSet::new();
    let read_row = |(line, fields): &(u64, Vec<String>)| {
        let fault = |reason: String| Error::data(path, format!("line {line}: {reason}"));
        let field = |column: usize| fields.get(column).map_or("", String::as_str);
        let known = |column: Option<usize>| {
            let text = column.map(field).filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let file = field(file).replace('\\', "/");
        if field(label).is_empty() || file.is_empty() {
            return Err(fault("names no file or no class".to_owned()));
        }
        if !is_below(&file) {
            let reason = format!("`{file}` must be a path below the manifest's folder");
            return Err(fault(reason));
        }
        if !seen.insert(file.clone()) {
            return Err(fault(format!("names `{file}` a second time")));
        }
        let part =
            match known(part) {
                None => None,
                Some(name) => Some(part_named(&name).ok_or_else(|| {
                    fault(format!("`{name}` is no part; use train, valid or test"))
                })?),
            };
        Ok(Row {
            label: field(label).to_owned(),
            listed: Listed {
                recording: known(recording),
                artist: known(artist),
                fold: known(fold),
                part,
            },
            path: file,
        })
    };
    table.rows.iter().map(read_row).collect()
}

/// Whether a path stays below where it begins: what a table says must not lead anywhere else.
fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The part of this name, as data sets call them.
pub(super) fn part_named(name: &str) -> Option<Part> {
    match name.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Part::Train),
        "valid" | "validation" | "val" | "dev" => Some(Part::Valid),
        "test" | "testing" | "eval" => Some(Part::Test),
        _ => None,
    }
}

/// The listing of these rows, those whose file is not there set aside.
fn listing(table: &Path, root: PathBuf, rows: Vec<Row>, kind: FileKind) -> Result<Listing> {
    let mut problems = Quarantine::default();
    let mut found: BTreeMap<String, Vec<(String, Listed)>> = BTreeMap::new();
    let mut missing = 0;
    for row in rows {
        let path = root.join(&row.path);
        if !kind.matches(&path) {
            let reason = format!("is not named like a {}", kind.noun());
            problems.add(&row.path, &Error::data(&path, reason));
        } else if !path.is_file() {
            missing += 1;
            problems.add(&row.path, &Error::data(&path, "is not there"));
        } else {
            found
                .entry(row.label)
                .or_default()
                .push((row.path, row.listed));
        }
    }
    if found.is_empty() {
        let reason = format!(
            "lists no {} file that is there; {missing} are missing below {}",
            kind.noun(),
            root.display()
        );
        return Err(Error::data(table, reason));
    }
    let mut listing = Listing {
        root,
        kind,
        labels: Vec::new(),
        files: Vec::new(),
        problems,
    };
    for (label, mut files) in found {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let index = listing.labels.len();
        listing.labels.push(label);
        let files = files.into_iter().map(|(path, listed)| ListedFile {
            path,
            label: index,
            listed,
        });
        listing.files.extend(files);
    }
    Ok(listing)
}
