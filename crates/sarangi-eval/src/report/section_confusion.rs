//! Which classes are taken for which.

use super::ReportPart;
use super::html::Html;
use super::numbers::{count, percent};
use super::page::{Level, by_level, wide};
use crate::{Confusion, Evaluation};

/// More could not be read; a picture of all is another thing.
const MAX_CLASSES: usize = 60;
const PAIRS: usize = 8;

pub(crate) fn section(parts: &[ReportPart]) -> Html {
    let mut html = Html::new();
    let Some(part) = parts.first() else {
        return html;
    };
    let evaluation = &part.evaluation;
    html.leaf("h2", &[], "Confusion");
    by_level(&mut html, "confusion", |html, level| {
        let confusion = &level.of(evaluation).confusion;
        if confusion.classes() <= MAX_CLASSES {
            wide(
                html,
                &format!("Confusion matrix by {}", level.word()),
                |html| {
                    matrix(html, evaluation, confusion);
                },
            );
            let note = "Rows are the truth, columns the answer, in per cent of the row. Counts are shown \
                        by pointing at a cell.";
            html.leaf("p", &[("class", "note")], note);
        }
        pairs(html, evaluation, level);
    });
    html
}

fn name(evaluation: &Evaluation, class: usize) -> &str {
    evaluation.labels.get(class).map_or("?", String::as_str)
}

fn matrix(html: &mut Html, evaluation: &Evaluation, confusion: &Confusion) {
    let classes = confusion.classes();
    let class = if classes > 16 {
        "matrix many"
    } else {
        "matrix"
    };
    html.element("table", &[("class", class)], |html| {
        html.element("thead", &[], |html| {
            html.element("tr", &[], |html| {
                html.element("td", &[], |_| {});
                for column in 0..classes {
                    html.element("th", &[("scope", "col")], |html| {
                        html.leaf("span", &[], name(evaluation, column));
                    });
                }
            });
        });
        html.element("tbody", &[], |html| {
            for (row, shares) in confusion.row_fractions().iter().enumerate() {
                html.element("tr", &[], |html| {
                    html.leaf("th", &[("scope", "row")], name(evaluation, row));
                    for (column, &share) in shares.iter().enumerate() {
                        let n = confusion.counts()[row][column];
                        cell(html, evaluation, (row, column), n, share);
                    }
                });
            }
        });
    });
}

fn cell(
    html: &mut Html,
    evaluation: &Evaluation,
    (row, column): (usize, usize),
    n: u64,
    share: f64,
) {
    if n == 0 {
        html.leaf("td", &[("class", "none")], "·");
        return;
    }
    let [truth, answer] = [row, column].map(|class| name(evaluation, class));
    let title = format!("{truth} → {answer}: {} ({})", count(n), percent(share));
    let style = format!("--share:{share:.4}");
    let class = match (row == column, share > 0.5) {
        (true, true) => "right strong",
        (true, false) => "right",
        (false, true) => "wrong strong",
        (false, false) => "wrong",
    };
    let text = format!("{:.0}", 100.0 * share);
    html.leaf(
        "td",
        &[("class", class), ("style", &style), ("title", &title)],
        text,
    );
}

fn pairs(html: &mut Html, evaluation: &Evaluation, level: Level) {
    let scores = level.of(evaluation);
    let pairs = scores.confusion.confused_pairs(PAIRS);
    if pairs.is_empty() {
        return;
    }
    html.leaf("h3", &[], "Most often confused");
    html.element("ol", &[("class", "pairs")], |html| {
        for pair in &pairs {
            let style = format!("--share:{:.4}", pair.share);
            html.element("li", &[("style", &style)], |html| {
                html.element("span", &[], |html| {
                    html.leaf("bdi", &[], name(evaluation, pair.truth));
                    html.text(" taken for ");
                    html.leaf("bdi", &[], name(evaluation, pair.predicted));
                });
                let of = scores
                    .per_class
                    .get(pair.truth)
                    .map_or(0, |class| class.support);
                let text = format!(
                    "{} of {} ({})",
                    count(pair.count),
                    count(of),
                    percent(pair.share)
                );
                html.leaf("span", &[("class", "number")], text);
            });
        }
    });
}
