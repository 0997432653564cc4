//! Bars of several parts, one row for each class.

use super::html::Html;
use super::numbers::count;

/// Draws for each class how many it has in each part, one part after the other.
pub(crate) fn stacked(html: &mut Html, labels: &[String], parts: &[(String, Vec<u64>)]) {
    let of = |counts: &[u64], class: usize| counts.get(class).copied().unwrap_or(0);
    let total = |class: usize| {
        let of_parts = parts.iter().map(|(_, counts)| of(counts, class));
        of_parts.fold(0, u64::saturating_add)
    };
    let most = (0..labels.len()).map(total).max().unwrap_or(0).max(1);
    html.element("ul", &[("class", "stacked")], |html| {
        for (class, label) in labels.iter().enumerate() {
            html.element("li", &[], |html| {
                html.leaf("bdi", &[], label);
                html.element(
                    "div",
                    &[("class", "bars"), ("aria-hidden", "true")],
                    |html| {
                        for (part, (name, counts)) in parts.iter().enumerate() {
                            let n = of(counts, class);
                            let style = format!("width:{:.3}%", 100.0 * n as f64 / most as f64);
                            let title = format!("{name}: {}", count(n));
                            let class = format!("part-{}", part % 4);
                            html.element(
                                "i",
                                &[("class", &class), ("style", &style), ("title", &title)],
                                |_| {},
                            );
                        }
                    },
                );
                let each: Vec<String> = parts
                    .iter()
                    .map(|(_, counts)| count(of(counts, class)))
                    .collect();
                html.leaf("span", &[("class", "number")], each.join(" + "));
            });
        }
    });
}
