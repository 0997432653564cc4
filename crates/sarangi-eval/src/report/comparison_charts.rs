//! What is drawn of several runs.

use super::ComparedRun;
use super::chart::hue;
use super::chart_curves::{self, Drawn};
use super::html::Html;
use super::numbers::{counted, decimal_or_dash, percent, percent_range};
use super::section_curves::{pr_points, roc_points};
use crate::Interval;

/// The accuracies of tracks and chunks with their intervals on one scale.
pub(crate) fn accuracies(runs: &[ComparedRun]) -> Html {
    let mut html = Html::new();
    if runs.is_empty() {
        return html;
    }
    html.leaf(
        "h2",
        &[("class", "quiet")],
        "Accuracy with 95\u{a0}% intervals",
    );
    html.element("ul", &[("class", "forest")], |html| {
        for (index, run) in runs.iter().enumerate() {
            let evaluation = run.evaluation();
            let intervals = evaluation.intervals.as_ref();
            html.element("li", &[("style", &hue(index, runs.len()))], |html| {
                html.element("div", &[("class", "who")], |html| {
                    html.leaf("bdi", &[], run.name());
                    if run.leaks() {
                        html.leaf("span", &[("class", "tag leak")], "leaks");
                    }
                });
                let track = intervals.map(|all| all.track.accuracy);
                row(
                    html,
                    "first",
                    evaluation.track.accuracy,
                    track,
                    &counted(evaluation.track.examples(), "track"),
                );
                let chunk = intervals.map(|all| all.chunk.accuracy);
                row(
                    html,
                    "second",
                    evaluation.chunk.accuracy,
                    chunk,
                    &counted(evaluation.chunk.examples(), "chunk"),
                );
            });
        }
    });
    let note = "The upper, thick line of each run is of tracks, the lower of chunks. Intervals that overlap \
                do not say that runs are equal: see the differences below.";
    html.leaf("p", &[("class", "note")], note);
    html
}

fn row(html: &mut Html, class: &str, accuracy: f64, interval: Option<Interval>, of: &str) {
    let interval = interval.filter(|interval| interval.low < interval.high);
    html.element("div", &[("class", class)], |html| {
        html.element(
            "div",
            &[("class", "scale"), ("aria-hidden", "true")],
            |html| {
                if let Some(Interval { low, high }) = interval {
                    let style = format!(
                        "left:{:.2}%;width:{:.2}%",
                        100.0 * low,
                        100.0 * (high - low)
                    );
                    html.element("i", &[("class", "range"), ("style", &style)], |_| {});
                }
                let style = format!("left:{:.2}%", 100.0 * accuracy);
                html.element("i", &[("class", "dot"), ("style", &style)], |_| {});
            },
        );
        html.element("p", &[], |html| {
            html.leaf("b", &[], percent(accuracy));
            let range = interval.map(|interval| format!(" {} ·", percent_range(interval)));
            html.text(format_args!("{} {of}", range.unwrap_or_default()));
        });
    });
}

/// The macro ROC and micro precision-recall curves of all runs, of tracks.
pub(crate) fn curves(runs: &[ComparedRun]) -> Html {
    let mut html = Html::new();
    let drawn = |index: usize, points| Drawn {
        key: index.to_string(),
        class: "of-run",
        style: hue(index, runs.len()),
        points,
    };
    let mut roc: Vec<Drawn> = Vec::new();
    let mut pr: Vec<Drawn> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let curves = run.curves();
        let mean = curves.roc_macro.as_ref().map(|curve| curve.points.clone());
        // Where there is no mean, as of one class, all decisions stand for it.
        let points = mean.or_else(|| curves.roc_micro.as_ref().map(roc_points));
        roc.extend(points.map(|points| drawn(index, points)));
        pr.extend(
            curves
                .pr_micro
                .as_ref()
                .map(|curve| drawn(index, pr_points(curve))),
        );
    }
    if roc.is_empty() {
        return html;
    }
    html.leaf("h2", &[], "ROC and precision-recall");
    html.element("div", &[("class", "curves")], |html| {
        html.element("div", &[("class", "pair")], |html| {
            let axes = ["false positive rate", "true positive rate"];
            chart_curves::draw(html, "ROC, mean of the classes", axes, true, &roc);
            let axes = ["recall", "precision"];
            chart_curves::draw(
                html,
                "Precision and recall, all decisions",
                axes,
                false,
                &pr,
            );
        });
        html.element("ul", &[("class", "keys")], |html| {
            for (index, run) in runs.iter().enumerate() {
                let curves = run.curves();
                let areas = [
                    curves.roc_macro.as_ref().map(|c| c.area),
                    curves.pr_micro.as_ref().map(|c| c.area),
                ];
                let (key, style) = (index.to_string(), hue(index, runs.len()));
                let attributes = [
                    ("type", "button"),
                    ("class", "of-run"),
                    ("data-key", &key),
                    ("style", &style),
                ];
                html.element("li", &[], |html| {
                    html.element("button", &attributes, |html| {
                        html.element("i", &[], |_| {});
                        html.leaf("bdi", &[], run.name());
                        for area in areas {
                            html.leaf("span", &[("class", "number")], decimal_or_dash(area));
                        }
                    });
                });
            }
        });
    });
    html.leaf(
        "p",
        &[("class", "note")],
        "Of tracks, from probabilities, with the areas below.",
    );
    html
}
