//! ROC and precision-recall curves.

use super::ReportPart;
use super::chart::hue;
use super::chart_curves::{self, Drawn};
use super::html::Html;
use super::numbers::decimal_or_dash;
use super::page::{Level, by_level};
use crate::{Curves, PrCurve, RocCurve};

pub(crate) fn section(parts: &[ReportPart]) -> Html {
    let mut html = Html::new();
    let Some(part) = parts.first() else {
        return html;
    };
    let of = |level| match level {
        Level::Track => part.track_curves.as_ref(),
        Level::Chunk => part.chunk_curves.as_ref(),
    };
    let both = [Level::Track, Level::Chunk].map(of);
    if both
        .into_iter()
        .flatten()
        .all(|curves| curves.roc_micro.is_none())
    {
        return html;
    }
    html.leaf("h2", &[], "ROC and precision-recall");
    by_level(&mut html, "curves", |html, level| {
        if let Some(curves) = of(level) {
            let labels = &part.evaluation.labels;
            html.element("div", &[("class", "curves")], |html| {
                drawings(html, curves, labels)
            });
        }
    });
    let note = "Each class against the rest, from probabilities, with the area below the ROC curve and the average precision. Macro is the mean of the classes, micro \
                takes every class of every example for a decision of its own. Point at a class to see its \
                curve.";
    html.leaf("p", &[("class", "note")], note);
    html
}

pub(crate) fn roc_points(curve: &RocCurve) -> Vec<(f64, f64)> {
    curve
        .points
        .iter()
        .map(|p| (p.false_positives, p.true_positives))
        .collect()
}

pub(crate) fn pr_points(curve: &PrCurve) -> Vec<(f64, f64)> {
    curve
        .points
        .iter()
        .map(|p| (p.recall, p.precision))
        .collect()
}

fn drawings(html: &mut Html, curves: &Curves, labels: &[String]) {
    let classes = labels.len();
    let of_class = |class: usize, points: Vec<(f64, f64)>| Drawn {
        key: class.to_string(),
        class: "of-class",
        style: hue(class, classes),
        points,
    };
    let mean = |class: &'static str, points: Vec<(f64, f64)>| Drawn {
        key: class.to_owned(),
        class,
        style: String::new(),
        points,
    };
    let mut roc: Vec<Drawn> = Vec::new();
    let mut pr: Vec<Drawn> = Vec::new();
    for class in 0..classes {
        let curve = curves.roc.get(class).and_then(Option::as_ref);
        roc.extend(curve.map(|curve| of_class(class, roc_points(curve))));
        let curve = curves.pr.get(class).and_then(Option::as_ref);
        pr.extend(curve.map(|curve| of_class(class, pr_points(curve))));
    }
    roc.extend(
        curves
            .roc_micro
            .as_ref()
            .map(|curve| mean("micro", roc_points(curve))),
    );
    roc.extend(
        curves
            .roc_macro
            .as_ref()
            .map(|curve| mean("macro", curve.points.clone())),
    );
    pr.extend(
        curves
            .pr_micro
            .as_ref()
            .map(|curve| mean("micro", pr_points(curve))),
    );
    html.element("div", &[("class", "pair")], |html| {
        let axes = ["false positive rate", "true positive rate"];
        chart_curves::draw(html, "ROC", axes, true, &roc);
        chart_curves::draw(
            html,
            "Precision and recall",
            ["recall", "precision"],
            false,
            &pr,
        );
    });
    legend(html, curves, labels);
}

/// Every class with both areas; each entry can be reached with the keyboard.
fn legend(html: &mut Html, curves: &Curves, labels: &[String]) {
    html.element("ul", &[("class", "keys")], |html| {
        let macros = [curves.roc_macro.as_ref().map(|c| c.area), curves.pr_macro];
        let micros = [
            curves.roc_micro.as_ref().map(|c| c.area),
            curves.pr_micro.as_ref().map(|c| c.area),
        ];
        key(html, "macro", "", "macro average", macros);
        key(html, "micro", "", "micro average", micros);
        for (class, label) in labels.iter().enumerate() {
            let roc = curves
                .roc
                .get(class)
                .and_then(Option::as_ref)
                .map(|c| c.area);
            let pr = curves
                .pr
                .get(class)
                .and_then(Option::as_ref)
                .map(|c| c.area);
            key(
                html,
                &class.to_string(),
                &hue(class, labels.len()),
                label,
                [roc, pr],
            );
        }
    });
}

fn key(html: &mut Html, key: &str, style: &str, name: &str, [roc, pr]: [Option<f64>; 2]) {
    let class = match key {
        "macro" | "micro" => key,
        _ => "of-class",
    };
    html.element("li", &[], |html| {
        let attributes = [
            ("type", "button"),
            ("class", class),
            ("data-key", key),
            ("style", style),
        ];
        html.element("button", &attributes, |html| {
            html.element("i", &[], |_| {});
            html.leaf("bdi", &[], name);
            let areas = [roc, pr].map(decimal_or_dash);
            html.leaf(
                "span",
                &[("class", "number"), ("title", "area below the ROC curve")],
                &areas[0],
            );
            html.leaf(
                "span",
                &[("class", "number"), ("title", "average precision")],
                &areas[1],
            );
        });
    });
}
