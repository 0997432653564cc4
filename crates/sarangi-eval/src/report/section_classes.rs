//! How many tracks each class has in each part of the split.

use super::ClassCounts;
use super::chart_bars;
use super::html::Html;
use super::numbers::count;

pub(crate) fn section(counts: Option<&ClassCounts>) -> Html {
    let mut html = Html::new();
    let Some(ClassCounts { labels, parts }) = counts.filter(|c| !c.parts.is_empty()) else {
        return html;
    };
    html.leaf("h2", &[], "Data");
    html.element("p", &[("class", "legend")], |html| {
        for (part, (name, counts)) in parts.iter().enumerate() {
            html.element("span", &[], |html| {
                html.element("i", &[("class", &format!("part-{}", part % 4))], |_| {});
                html.text(format_args!(
                    "{name} {}",
                    count(counts.iter().fold(0, |sum: u64, &n| sum.saturating_add(n)))
                ));
            });
        }
    });
    chart_bars::stacked(&mut html, labels, parts);
    html.leaf(
        "p",
        &[("class", "note")],
        "Tracks of each class in each part.",
    );
    html
}
