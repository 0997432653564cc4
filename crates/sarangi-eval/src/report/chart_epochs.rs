//! Lines over the epochs.

use sarangi_plot::round_up;

use super::chart::{Chart, line, percent_marks, round_marks};
use super::html::Html;
use super::numbers::{decimal, percent, place};

/// Values by epoch, ascending; `None` where there is none.
pub(crate) type Values = Vec<(f64, Option<f64>)>;

/// Draws training and validation values; shares are from 0 to 1, and more is better.
pub(crate) fn draw(
    html: &mut Html,
    title: &str,
    shares: bool,
    training: &Values,
    validation: &Values,
) {
    let [training, validation] = [training, validation].map(|values| drawable(values, shares));
    let best = best(&validation, shares);
    let write = |value: f64| {
        if shares {
            percent(value)
        } else {
            decimal(value)
        }
    };
    html.element("figure", &[], |html| {
        html.element("figcaption", &[], |html| {
            html.leaf("b", &[], title);
            legend(html, &training, &validation);
            if let Some((epoch, value)) = best {
                let which = if shares { "highest" } else { "lowest" };
                let text = format!("{which} validation {} at epoch {epoch}", write(value));
                html.leaf("span", &[("class", "below")], text);
            }
        });
        let chart = frame(shares, &training, &validation);
        let name = format!("{title} over the epochs");
        chart.draw(html, &name, |chart, html| {
            let x = round_marks(chart.x.0.max(1.0), chart.x.1, 8, 1.0);
            let y = if shares {
                percent_marks()
            } else {
                round_marks(0.0, chart.y.1, 6, 0.0)
            };
            chart.axes(html, ("epoch", &x), ("", &y));
            if let Some((epoch, value)) = best {
                let (x, y) = (chart.at_x(epoch), chart.at_y(value));
                line(html, "mark", (x, y), (x, chart.at_y(0.0)));
            }
            for (class, values) in [("training", &training), ("validation", &validation)] {
                curve(chart, html, class, values);
            }
            if let Some((epoch, value)) = best {
                let [cx, cy] = [chart.at_x(epoch), chart.at_y(value)].map(place);
                html.void(
                    "circle",
                    &[("class", "best"), ("cx", &cx), ("cy", &cy), ("r", "5")],
                );
            }
        });
    });
}

fn drawable(values: &Values, shares: bool) -> Values {
    let most = if shares { 1.0 } else { f64::from(f32::MAX) };
    let fits = |value: &f64| (0.0..=most).contains(value);
    values
        .iter()
        .map(|&(epoch, value)| (epoch, value.filter(fits)))
        .collect()
}

fn legend(html: &mut Html, training: &Values, validation: &Values) {
    html.element("span", &[("class", "legend")], |html| {
        for (class, values) in [("training", training), ("validation", validation)] {
            if values.iter().any(|(_, value)| value.is_some()) {
                html.element("span", &[("class", class)], |html| {
                    html.element("i", &[], |_| {});
                    html.text(class);
                });
            }
        }
    });
}

fn frame(shares: bool, training: &Values, validation: &Values) -> Chart {
    let all = || training.iter().chain(validation);
    let most = all().filter_map(|at| at.1).fold(0.0, f64::max);
    let ends = all().map(|at| at.0).fold((f64::MAX, f64::MIN), |ends, x| {
        (ends.0.min(x), ends.1.max(x))
    });
    let padding = 0.5f64.max(0.02 * (ends.1 - ends.0));
    Chart {
        height: 330.0,
        x: (ends.0 - padding, ends.1 + padding),
        y: match most {
            _ if shares => (0.0, 1.0),
            0.0 => (0.0, 1.0),
            most => (0.0, round_up(most, 6)),
        },
        ..Chart::shares()
    }
}

fn curve(chart: &Chart, html: &mut Html, class: &str, values: &Values) {
    for run in values.split(|(_, value)| value.is_none()) {
        let points = || {
            run.iter()
                .filter_map(|&(epoch, value)| Some((epoch, value?)))
        };
        let class = format!("line {class}");
        if run.len() > 1 {
            html.void("path", &[("class", &class), ("d", &chart.path(points()))]);
        } else {
            // A value between two gaps, or a run of a single epoch.
            for (x, y) in points() {
                let [cx, cy] = [chart.at_x(x), chart.at_y(y)].map(place);
                let class = format!("dot {class}");
                html.void(
                    "circle",
                    &[("class", &class), ("cx", &cx), ("cy", &cy), ("r", "3.5")],
                );
            }
        }
    }
}

/// The best validation value, the first of equals.
fn best(validation: &Values, shares: bool) -> Option<(f64, f64)> {
    let better = |a: f64, b: f64| if shares { a > b } else { a < b };
    let values = validation
        .iter()
        .filter_map(|&(epoch, value)| Some((epoch, value?)));
    values.fold(None, |best: Option<(f64, f64)>, at| match best {
        Some(so_far) if !better(at.1, so_far.1) => best,
        _ => Some(at),
    })
}
