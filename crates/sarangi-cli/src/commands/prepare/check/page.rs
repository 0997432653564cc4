//! The page on which a person looks at what was found, and says what is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use rayon::prelude::*;
use sarangi::audio::FileKind;
use sarangi::data::{Finding, Listing, QualityReport, Review};
use sarangi::eval::data_uri;
use serde_json::json;

use super::pictures::Pictures;
use crate::console::Console;

const STYLE: &str = include_str!("review.css");
const SCRIPT: &str = include_str!("review.js");

/// What the page is about.
pub(super) struct Page<'a> {
    pub(super) input: &'a Path,
    pub(super) listing: &'a Listing,
    pub(super) report: &'a QualityReport,
    /// The flagged files that are shown.
    pub(super) shown: &'a [&'a str],
}

impl Page<'_> {
    /// The whole page, its pictures within it.
    pub(super) fn html(&self, pictures: &Pictures<'_>, console: &Console) -> Result<String> {
        let mut findings: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.report.findings {
            findings.entry(&finding.path).or_default().push(finding);
        }
        let progress = console.progress("drawing", self.shown.len());
        let done = AtomicUsize::new(0);
        let cards = self.shown.par_iter().map(|path| {
            let card = self.card(path, &findings[path], pictures);
            progress.set(1 + done.fetch_add(1, Ordering::Relaxed), "files");
            card
        });
        let cards: Vec<String> = cards.collect();
        progress.finish();
        let title = self.input.display().to_string();
        let title = escaped(&title);
        let (head, rows) = (self.head(), self.rows()?);
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Review of {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n{head}</header>\n<main>\n{}</main>\n\
             <script type=\"application/json\" id=\"rows\">{rows}</script>\n\
             <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
            cards.concat()
        ))
    }

    /// What was found in numbers, and the buttons.
    fn head(&self) -> String {
        let total: usize = self.report.classes.iter().map(|class| class.files).sum();
        let flagged = self.report.flagged().len();
        let classes = self.report.classes.len();
        let mut head = format!(
            "<p>{flagged} of {total} files in {classes} classes have findings. Look at each and say \
             whether it is kept, save <code>review.csv</code>, and give it to \
             <code>sarangi prepare clean --review</code>.</p>\n"
        );
        if self.shown.len() < flagged {
            let shown = self.shown.len();
            head += &format!(
                "<p class=\"note\">{shown} of them are shown here; all are in \
                              <code>review.csv</code>. <code>--show</code> shows more.</p>\n"
            );
        }
        head +=
            "<nav>\n<button type=\"button\" data-kind=\"\" aria-pressed=\"true\">all</button>\n";
        for (kind, count) in self.report.counts() {
            let words = kind.name().replace('_', " ");
            head += &format!(
                "<button type=\"button\" data-kind=\"{kind}\" aria-pressed=\"false\">{words} \
                 <b>{count}</b></button>\n"
            );
        }
        head += "</nav>\n<p class=\"save\"><button type=\"button\" id=\"save\">Save review.csv</button> \
                 <span id=\"state\" role=\"status\"></span></p>\n";
        head
    }

    /// One file: what was found, how it looks, and the other file beside it, if there is one.
    fn card(&self, path: &str, findings: &[&Finding], pictures: &Pictures<'_>) -> String {
        let label = findings.first().map_or("", |finding| &finding.label);
        let mut kinds: Vec<&str> = findings.iter().map(|f| f.finding.name()).collect();
        kinds.dedup();
        let name = escaped(path);
        let mut card = format!(
            "<article data-path=\"{name}\" data-kinds=\"{}\">\n<div class=\"title\"><h2>{name}</h2> \
             <span class=\"class\">{}</span>\n<fieldset><legend>keep</legend>\n",
            kinds.join(" "),
            escaped(label)
        );
        for verdict in ["yes", "no"] {
            card += &format!(
                "<label><input type=\"radio\" name=\"{name}\" value=\"{verdict}\">{verdict}</label>\n"
            );
        }
        card += "</fieldset></div>\n<ul>\n";
        for finding in findings {
            let words = finding.finding.name().replace('_', " ");
            let detail = escaped(&finding.detail);
            card += &format!("<li><b>{words}</b> {detail}</li>\n");
        }
        card += "</ul>\n<div class=\"files\">\n";
        card += &self.figure(path, "", pictures);
        let mut others: Vec<&str> = findings.iter().filter_map(|f| f.other.as_deref()).collect();
        others.sort_unstable();
        others.dedup();
        for other in others {
            card += &self.figure(other, other, pictures);
        }
        card += "</div>\n</article>\n";
        card
    }

    fn figure(&self, path: &str, caption: &str, pictures: &Pictures<'_>) -> String {
        let mut figure = "<figure>".to_owned();
        if !caption.is_empty() {
            figure += &format!("<figcaption>{}</figcaption>", escaped(caption));
        }
        match pictures.png(path) {
            Ok(png) => {
                let (uri, name) = (data_uri("image/png", &png), escaped(path));
                figure += &format!("<img src=\"{uri}\" alt=\"{name}\">");
            }
            Err(_) => figure += "<p class=\"none\">no picture can be made of it</p>",
        }
        if self.listing.kind == FileKind::Sound
            && let Some(address) = self.address(path)
        {
            figure += &format!("<audio controls preload=\"none\" src=\"{address}\"></audio>");
        }
        figure + "</figure>\n"
    }

    /// Where the browser finds a file, if it is there.
    fn address(&self, path: &str) -> Option<String> {
        let path = self.listing.root.join(path).canonicalize().ok()?;
        let mut address = "file://".to_owned();
        for byte in path.to_str()?.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                    address.push(char::from(byte));
                }
                _ => address += &format!("%{byte:02X}"),
            }
        }
        Some(address)
    }

    /// The rows of the table that the page saves.
    fn rows(&self) -> Result<String> {
        let rows = Review::of(self.report).rows;
        let rows: Vec<_> = rows
            .iter()
            .map(|row| json!([row.path, row.label, row.finding, row.detail]))
            .collect();
        // Nothing in it may end the script.
        Ok(serde_json::to_string(&rows)?.replace('<', "\\u003c"))
    }
}

/// Text within a page or an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_do_not_become_part_of_the_page() {
        let name = "<b a=\"1\" b='2'>&";
        assert_eq!(
            escaped(name),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;"
        );
    }
}
