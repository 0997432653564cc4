//! The numbers of every class.

use super::ReportPart;
use super::html::Html;
use super::numbers::{count, decimal, decimal_or_dash};
use super::page::{by_level, wide};
use crate::{Areas, ClassScore, Scores};

/// What the columns are called, and what they mean.
const COLUMNS: [(&str, &str); 6] = [
    ("F1", "the harmonic mean of precision and recall"),
    (
        "Precision",
        "the share of those said to be of the class that are",
    ),
    (
        "Recall",
        "the share of the class's examples that are said to be",
    ),
    (
        "ROC area",
        "the probability that an example of the class has more than another",
    ),
    (
        "Avg. prec.",
        "average precision: the area below precision against recall",
    ),
    ("Support", "how many examples the class has"),
];

pub(crate) fn section(parts: &[ReportPart]) -> Html {
    let mut html = Html::new();
    let Some(part) = parts.first() else {
        return html;
    };
    html.leaf("h2", &[], "Classes");
    by_level(&mut html, "classes", |html, level| {
        let name = format!("Scores of the classes by {}", level.word());
        wide(html, &name, |html| {
            table(html, &part.evaluation.labels, level.of(&part.evaluation))
        });
    });
    html.leaf("p", &[("class", "note")], "A column's name sorts by it.");
    html
}

fn table(html: &mut Html, labels: &[String], scores: &Scores) {
    html.element("table", &[("class", "sortable scores")], |html| {
        html.element("thead", &[], |html| {
            html.element("tr", &[], |html| {
                html.leaf("th", &[("scope", "col")], "Class");
                for (name, title) in COLUMNS {
                    html.leaf(
                        "th",
                        &[("scope", "col"), ("class", "number"), ("title", title)],
                        name,
                    );
                }
            });
        });
        html.element("tbody", &[], |html| {
            for (class, score) in scores.per_class.iter().enumerate() {
                let label = labels.get(class).map_or("?", String::as_str);
                let of =
                    |areas: &Option<Areas>| areas.as_ref().and_then(|a| *a.per_class.get(class)?);
                let areas = [of(&scores.roc_area), of(&scores.average_precision)];
                row(html, label, score, areas);
            }
        });
        html.element("tfoot", &[], |html| {
            let of = |areas: &Option<Areas>| areas.as_ref().and_then(|a| a.macro_average);
            let areas = [of(&scores.roc_area), of(&scores.average_precision)];
            row(html, "mean of the classes", &scores.macro_average, areas);
            row(
                html,
                "weighted by support",
                &scores.weighted_average,
                [None; 2],
            );
        });
    });
}

fn row(html: &mut Html, label: &str, score: &ClassScore, areas: [Option<f64>; 2]) {
    html.element("tr", &[], |html| {
        html.leaf("th", &[("scope", "row")], label);
        let shares = [score.f1, score.precision, score.recall]
            .map(Some)
            .into_iter()
            .chain(areas);
        for (index, share) in shares.enumerate() {
            let sort = share.map_or_else(|| "-1".to_owned(), |share| format!("{share}"));
            // F1 sums the class up: it is drawn as well.
            let style = format!("--share:{:.4}", share.unwrap_or(0.0));
            let mut attributes = vec![("class", "number"), ("data-sort", sort.as_str())];
            if index == 0 {
                attributes = vec![
                    ("class", "number filled"),
                    ("data-sort", &sort),
                    ("style", &style),
                ];
            }
            html.leaf(
                "td",
                &attributes,
                share.map_or_else(|| decimal_or_dash(None), decimal),
            );
        }
        let sort = score.support.to_string();
        html.leaf(
            "td",
            &[("class", "number"), ("data-sort", &sort)],
            count(score.support),
        );
    });
}
