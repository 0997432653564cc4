//! `sarangi prepare check`.

mod page;
mod pictures;

use std::path::Path;

use anyhow::{Context, Result};
use sarangi::audio::DecodeOptions;
use sarangi::core::Error;
use sarangi::data::{Listing, QualityReport, QualitySpec, Review};
use serde::Serialize;
use serde_json::{Map, Value};

use super::kind::kind_of;
use super::output_folder::{refuse_within, write_text};
use super::table::table;
use crate::args::{CheckArgs, Common};
use crate::console::Console;
use page::Page;
use pictures::Pictures;

/// The names of what is written.
const REPORT: &str = "check.json";
const REVIEW: &str = "review.csv";
const PAGE: &str = "review.html";

#[derive(Serialize)]
struct Answer<'a> {
    limits: &'a QualitySpec,
    #[serde(flatten)]
    report: &'a QualityReport,
}

/// Looks for what may be wrong with the files of a data set, and lists it for a person to review.
pub(super) fn check(args: &CheckArgs, common: &Common, console: &Console) -> Result<()> {
    let spec = spec(args, common)?;
    let kind = kind_of(&args.input, args.kind)?;
    let listing = Listing::find(&args.input, kind)?;
    if let Some(out) = &args.out {
        refuse_within(out, &listing.root)?;
        refuse_reviewed(&out.join(REVIEW))?;
    }
    // What is longer than is asked for is a finding, and read all the same.
    let usual = DecodeOptions::default();
    let decoding = DecodeOptions {
        max_seconds: common.max_seconds.unwrap_or(0.0).max(usual.max_seconds),
        ..usual
    };
    let progress = console.progress("checking", listing.files.len());
    let report = QualityReport::of(&listing, &spec, &decoding, |done| {
        progress.set(done, "files");
    });
    progress.finish();
    let report = report?;
    let answer = Answer {
        limits: &spec,
        report: &report,
    };
    let mut text = text(&report);
    if let Some(out) = &args.out {
        let json = serde_json::to_string_pretty(&answer)?;
        let shown: Vec<&str> = report.flagged().into_iter().take(args.show).collect();
        let pictures = Pictures::new(&listing, &report, decoding)?;
        let page = Page {
            input: &args.input,
            listing: &listing,
            report: &report,
            shown: &shown,
        };
        let html = page.html(&pictures, console)?;
        write_text(&out.join(REPORT), &(json + "\n"))?;
        write_text(&out.join(PAGE), &html)?;
        write_text(&out.join(REVIEW), &Review::of(&report).to_csv()?)?;
        let (out, page) = (out.display(), out.join(PAGE));
        text += &format!(
            "\n{REPORT}, {REVIEW} and {PAGE} written to {out}; look at {} and say what is kept",
            page.display()
        );
    }
    console.answer(&answer, text)
}

/// The limits: those of the command line, otherwise the usual ones.
fn spec(args: &CheckArgs, common: &Common) -> Result<QualitySpec> {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
    let settings = args.settings.iter();
    let fields: Map<String, Value> = settings
        .map(|(key, text)| (key.clone(), value(text)))
        .collect();
    let spec: QualitySpec =
        serde_json::from_value(Value::Object(fields)).context("--set: check")?;
    let spec = QualitySpec {
        min_seconds: args.min_seconds.or(spec.min_seconds),
        max_seconds: common.max_seconds.or(spec.max_seconds),
        ..spec
    };
    spec.check()?;
    Ok(spec)
}

/// What a person has said is not replaced.
fn refuse_reviewed(list: &Path) -> Result<(), Error> {
    if !list.exists() {
        return Ok(());
    }
    let review = Review::read(list)?;
    match review.rows.iter().any(|row| row.keep.is_some()) {
        true => {
            let reason = "has been reviewed already; name a new folder for --out";
            Err(Error::data(list, reason))
        }
        false => Ok(()),
    }
}

fn text(report: &QualityReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let (path, kind, detail) = (&finding.path, finding.finding, &finding.detail);
        text += &format!("{path}  {kind}: {detail}\n");
    }
    if !report.findings.is_empty() {
        text.push('\n');
    }
    let sounds = report.classes.iter().any(|class| class.seconds.is_some());
    let mut head = vec!["class", "files", "flagged"];
    head.extend(sounds.then_some("minutes"));
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for class in &report.classes {
        let numbers = [class.files, class.flagged].map(|n| n.to_string());
        let mut row = [vec![class.label.clone()], numbers.to_vec()].concat();
        row.extend(class.seconds.map(|s| format!("{:.1}", s / 60.0)));
        rows.push(row);
    }
    text += &table(&rows);
    let total: usize = report.classes.iter().map(|class| class.files).sum();
    let flagged = report.flagged().len();
    text.push('\n');
    if flagged == 0 {
        text += &format!("nothing found in {total} files");
    } else {
        let counts = report.counts().into_iter();
        let counts = counts.map(|(kind, count)| format!("{count} {kind}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        text += &format!("{flagged} of {total} files have findings: {counts}");
    }
    text
}
