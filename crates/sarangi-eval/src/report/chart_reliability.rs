//! Accuracy against confidence.

use super::chart::{Chart, Marks, bar, line, percent_marks, round_marks};
use super::html::Html;
use super::numbers::{counted, percent, place};
use crate::Calibration;

/// Draws how often the classifier is right at each confidence, and how many examples have it.
pub(crate) fn draw(html: &mut Html, calibration: &Calibration, unit: &str) {
    let bins = calibration.bins.len() as f64;
    let edges = |bin: usize| (bin as f64 / bins, (bin + 1) as f64 / bins);
    html.element("figure", &[], |html| {
        html.element("figcaption", &[], |html| html.leaf("b", &[], "Reliability"));
        let chart = Chart {
            left: 80.0,
            ..Chart::shares()
        };
        chart.draw(html, "Accuracy against confidence", |chart, html| {
            let marks = percent_marks();
            chart.axes(html, ("confidence", &marks), ("accuracy", &marks));
            for (index, bin) in calibration.bins.iter().enumerate() {
                let (Some(accuracy), Some(confidence)) = (bin.accuracy, bin.confidence) else {
                    continue;
                };
                let (left, right) = (
                    chart.at_x(edges(index).0) + 1.0,
                    chart.at_x(edges(index).1) - 1.0,
                );
                let title = format!(
                    "{}: said {}, right {}",
                    counted(bin.count, unit),
                    percent(confidence),
                    percent(accuracy)
                );
                // What was said and what was true differ by the upper part.
                let [lower, upper] =
                    [confidence.min(accuracy), confidence.max(accuracy)].map(|v| chart.at_y(v));
                let width = right - left;
                bar(
                    html,
                    "filled-bar",
                    (left, lower),
                    (width, chart.at_y(0.0) - lower),
                    &title,
                );
                let gap = if confidence > accuracy {
                    "over"
                } else {
                    "under"
                };
                bar(html, gap, (left, upper), (width, lower - upper), &title);
            }
            let at = |value| (chart.at_x(value), chart.at_y(value));
            line(html, "diagonal", at(0.0), at(1.0));
        });
    });
    html.element("figure", &[], |html| {
        html.element("figcaption", &[], |html| {
            html.leaf("b", &[], "How sure it is")
        });
        let most = calibration
            .bins
            .iter()
            .map(|bin| bin.count)
            .max()
            .unwrap_or(0)
            .max(1);
        let chart = Chart {
            y: (0.0, most as f64 * 1.3),
            ..Chart::shares()
        };
        chart.draw(
            html,
            "How many examples have which confidence",
            |chart, html| {
                let y: Marks = round_marks(0.0, chart.y.1, 6, 1.0);
                chart.axes(
                    html,
                    ("confidence", &percent_marks()),
                    (&format!("{unit}s"), &y),
                );
                for (index, bin) in calibration.bins.iter().enumerate() {
                    let (left, right) = (
                        chart.at_x(edges(index).0) + 1.0,
                        chart.at_x(edges(index).1) - 1.0,
                    );
                    let y = chart.at_y(bin.count as f64);
                    let title = counted(bin.count, unit);
                    bar(
                        html,
                        "filled-bar",
                        (left, y),
                        (right - left, chart.at_y(0.0) - y),
                        &title,
                    );
                }
                means(chart, html, calibration);
            },
        );
    });
}

/// The mean confidence and the accuracy of all examples.
fn means(chart: &Chart, html: &mut Html, calibration: &Calibration) {
    let n: u64 = calibration.bins.iter().map(|bin| bin.count).sum();
    let mean = |value: fn(&crate::ReliabilityBin) -> Option<f64>| {
        let bins = calibration.bins.iter();
        let sum: f64 = bins
            .map(|bin| bin.count as f64 * value(bin).unwrap_or(0.0))
            .sum();
        sum / n.max(1) as f64
    };
    let both = [
        ("mean confidence", mean(|bin| bin.confidence)),
        ("accuracy", mean(|bin| bin.accuracy)),
    ];
    let right = both[0].1.max(both[1].1);
    for (index, (name, value)) in both.into_iter().enumerate() {
        let x = chart.at_x(value);
        let top = chart.top + 14.0 + 20.0 * index as f64;
        line(
            html,
            if index == 0 { "said" } else { "true" },
            (x, chart.at_y(0.0)),
            (x, top - 10.0),
        );
        // To the side on which there is room.
        let class = if right > 0.45 { "value end" } else { "value" };
        let beside = if right > 0.45 { x - 7.0 } else { x + 7.0 };
        let [x, y] = [beside, top].map(place);
        let text = format!("{name} {}", percent(value));
        html.leaf("text", &[("class", class), ("x", &x), ("y", &y)], text);
    }
}
