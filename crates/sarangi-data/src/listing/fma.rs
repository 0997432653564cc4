//! The table of the Free Music Archive data set (Defferrard et al. 2017).
//!
//! `fma_metadata/tracks.csv` begins with three lines: groups of columns, the columns of each group,
//! and the name of the first column, `track_id`. Its sounds are in `fma_small`, `fma_medium`,
//! `fma_large` or `fma_full`, in folders of a thousand: `000/000002.mp3`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use sarangi_core::{Error, Result};

use super::manifest::{Row, part_named};
use super::table::csv_fault;
use crate::Listed;

/// The folders of sound, the largest first.
const FOLDERS: [&str; 4] = ["fma_full", "fma_large", "fma_medium", "fma_small"];

/// Whether a table begins as FMA's does.
pub(super) fn is_table(path: &Path) -> Result<bool> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut lines = BufReader::new(file).lines();
    let mut begins = |with: &str| matches!(lines.next(), Some(Ok(line)) if line.starts_with(with));
    Ok(begins(",") && begins(",") && begins("track_id,"))
}

/// The folder of the sounds that are there, and the tracks of those among them that have a genre.
pub(super) fn read(path: &Path, folder: &Path) -> Result<(PathBuf, Vec<Row>)> {
    let places = [folder.to_owned(), folder.join("..")];
    let folders = FOLDERS
        .iter()
        .flat_map(|name| places.iter().map(move |place| place.join(name)));
    let root = folders.into_iter().find(|folder| folder.is_dir());
    let root = root.ok_or_else(|| {
        let reason = format!("is FMA's; put one of {} beside it", FOLDERS.join(", "));
        Error::data(path, reason)
    })?;
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(file);
    let mut records = reader.records();
    let mut next = || {
        let record = records.next().unwrap_or_else(|| Ok(StringRecord::new()));
        record.map_err(|e| csv_fault(path, e))
    };
    let (groups, names) = (next()?, next()?);
    next()?;
    let column = |group: &str, name: &str| {
        let mut columns = groups.iter().zip(&names);
        let found = columns.position(|column| column == (group, name));
        found.ok_or_else(|| Error::data(path, format!("has no column {group}, {name}")))
    };
    let genre = column("track", "genre_top")?;
    let part = column("set", "split")?;
    let artist = column("artist", "id")?;
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|e| csv_fault(path, e))?;
        let field = |column: usize| record.get(column).unwrap_or("");
        let known = |column: usize| Some(field(column).to_owned()).filter(|text| !text.is_empty());
        let number = field(0).parse::<u32>();
        let number = number.map_err(|_| {
            let line = record.position().map_or(0, csv::Position::line);
            let reason = format!("line {line}: `{}` is no track's number", field(0));
            Error::data(path, reason)
        })?;
        let file = format!("{:03}/{number:06}.mp3", number / 1000);
        // The table is of all tracks, the folder of some.
        if field(genre).is_empty() || !root.join(&file).is_file() {
            continue;
        }
        rows.push(Row {
            path: file,
            label: field(genre).to_owned(),
            listed: Listed {
                recording: None,
                artist: known(artist),
                fold: None,
                part: part_named(field(part)),
            },
        });
    }
    Ok((root, rows))
}
