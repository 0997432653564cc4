//! ROC and precision-recall curves of several classes, or several runs.

use super::chart::{Chart, line, share_marks};
use super::html::Html;

/// One curve in a drawing.
pub(crate) struct Drawn {
    /// Which entry of the legend it belongs to.
    pub(crate) key: String,
    /// Its style's classes, besides `curve`.
    pub(crate) class: &'static str,
    /// Its style, such as its hue.
    pub(crate) style: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws curves over the unit square.
pub(crate) fn draw(
    html: &mut Html,
    title: &str,
    [x, y]: [&str; 2],
    diagonal: bool,
    curves: &[Drawn],
) {
    html.element("figure", &[], |html| {
        html.element("figcaption", &[], |html| html.leaf("b", &[], title));
        Chart::shares().draw(html, title, |chart, html| {
            chart.axes(html, (x, &share_marks()), (y, &share_marks()));
            if diagonal {
                let at = |value| (chart.at_x(value), chart.at_y(value));
                line(html, "diagonal", at(0.0), at(1.0));
            }
            for curve in curves {
                let class = format!("curve {}", curve.class);
                let attributes = [
                    ("class", class.as_str()),
                    ("data-key", &curve.key),
                    ("style", &curve.style),
                    ("d", &chart.path(curve.points.iter().copied())),
                ];
                html.void("path", &attributes);
            }
        });
    });
}
