//! A person's verdict on what was found.

use std::collections::BTreeSet;
use std::path::Path;

use sarangi_core::{Error, Result};

use super::QualityReport;
use crate::listing::table::Table;

/// The findings as a table in which a person says what is kept: `path,label,finding,detail,keep`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// A row for each finding.
    pub rows: Vec<ReviewRow>,
}

/// A finding, and whether its file is kept all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// The file, relative to the data set.
    pub path: String,
    /// Its class.
    pub label: String,
    /// The [name](super::FindingKind::name) of what was found.
    pub finding: String,
    /// The finding in words.
    pub detail: String,
    /// The verdict: `yes` or `no` in the file; none as long as nobody has said.
    pub keep: Option<bool>,
}

const COLUMNS: [&str; 5] = ["path", "label", "finding", "detail", "keep"];

impl Review {
    /// The findings of a report, without verdicts.
    pub fn of(report: &QualityReport) -> Self {
        let rows = report.findings.iter().map(|finding| ReviewRow {
            path: finding.path.clone(),
            label: finding.label.clone(),
            finding: finding.finding.name().to_owned(),
            detail: finding.detail.clone(),
            keep: None,
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// The table as CSV.
    ///
    /// # Errors
    /// [`Error::Backend`] if a row cannot be written.
    pub fn to_csv(&self) -> Result<String> {
        let fault = |e: csv::Error| Error::backend("review", e);
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(COLUMNS).map_err(fault)?;
        for row in &self.rows {
            let keep = match row.keep {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            let fields = [&row.path, &row.label, &row.finding, &row.detail].map(String::as_str);
            csv.write_record(fields.into_iter().chain([keep]))
                .map_err(fault)?;
        }
        let bytes = csv
            .into_inner()
            .map_err(|e| Error::backend("review", e.into_error()))?;
        String::from_utf8(bytes).map_err(|e| Error::backend("review", e))
    }

    /// Reads a table; only `path` and `keep` must be there. `yes`, `y` and `keep` keep a file, `no`, `n`
    /// and `drop` do not, in any case.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Data`] if a column is missing or a verdict is
    /// neither, naming the line.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let table = Table::read(path)?;
        let needed = |name: &str| {
            table.column(&[name]).ok_or_else(|| {
                let columns = table.columns.join(", ");
                Error::data(path, format!("has no column `{name}`; it has {columns}"))
            })
        };
        let (file, keep) = (needed("path")?, needed("keep")?);
        let [label, finding, detail] = ["label", "finding", "detail"].map(|c| table.column(&[c]));
        let row = |(line, fields): &(u64, Vec<String>)| {
            let field = |column: usize| fields.get(column).cloned().unwrap_or_default();
            let other = |column: Option<usize>| column.map(field).unwrap_or_default();
            let keep = match field(keep).to_ascii_lowercase().as_str() {
                "" => None,
                "yes" | "y" | "keep" => Some(true),
                "no" | "n" | "drop" => Some(false),
                text => {
                    let reason = format!("line {line}: keep: must be yes or no, got `{text}`");
                    return Err(Error::data(path, reason));
                }
            };
            Ok(ReviewRow {
                path: field(file),
                label: other(label),
                finding: other(finding),
                detail: other(detail),
                keep,
            })
        };
        let rows = table.rows.iter().map(row).collect::<Result<_>>()?;
        Ok(Self { rows })
    }

    /// The files that are not kept: those of which any row says no.
    pub fn dropped(&self) -> BTreeSet<&str> {
        let rows = self.rows.iter().filter(|row| row.keep == Some(false));
        rows.map(|row| row.path.as_str()).collect()
    }

    /// The files of which no row says anything.
    pub fn undecided(&self) -> BTreeSet<&str> {
        let decided = self.rows.iter().filter(|row| row.keep.is_some());
        let decided: BTreeSet<&str> = decided.map(|row| row.path.as_str()).collect();
        let all = self.rows.iter().map(|row| row.path.as_str());
        all.filter(|path| !decided.contains(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn row(path: &str, keep: Option<bool>) -> ReviewRow {
        ReviewRow {
            path: path.to_owned(),
            label: "jazz".to_owned(),
            finding: "silence".to_owned(),
            detail: "begins with 2,5 s of \"silence\"".to_owned(),
            keep,
        }
    }

    #[test]
    fn a_table_comes_back_and_a_no_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("review.csv");
        let rows = vec![
            row("jazz/a.wav", Some(true)),
            row("jazz/a.wav", Some(false)),
            row("jazz/b.wav", None),
            row("jazz/b.wav", Some(true)),
            row("jazz/c, d.wav", None),
        ];
        let review = Review { rows };
        fs::write(&path, review.to_csv().unwrap()).unwrap();
        let read = Review::read(&path).unwrap();
        assert_eq!(read, review);
        assert!(read.dropped().into_iter().eq(["jazz/a.wav"]));
        assert!(read.undecided().into_iter().eq(["jazz/c, d.wav"]));
    }

    #[test]
    fn other_words_are_refused_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("review.csv");
        fs::write(&path, "path,keep\na.wav,NO\nb.wav,perhaps\n").unwrap();
        let error = Review::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 3: keep") && error.contains("`perhaps`"),
            "{error}"
        );
        fs::write(&path, "path,verdict\na.wav,no\n").unwrap();
        let error = Review::read(&path).unwrap_err().to_string();
        assert!(error.contains("no column `keep`"), "{error}");
    }
}
