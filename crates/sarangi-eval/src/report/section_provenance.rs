//! How the run was made.

use super::html::Html;
use super::{Fact, RunReport};

pub(crate) fn section(report: &RunReport) -> Html {
    let mut html = Html::new();
    if report.facts.is_empty() && report.recipe.is_none() {
        return html;
    }
    html.leaf("h2", &[], "How it was made");
    facts(&mut html, &report.facts);
    if let Some(recipe) = &report.recipe {
        html.element("details", &[], |html| {
            html.leaf("summary", &[], "The recipe");
            html.element("pre", &[("tabindex", "0")], |html| {
                html.leaf("code", &[], recipe)
            });
        });
    }
    html
}

pub(crate) fn facts(html: &mut Html, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    html.element("dl", &[("class", "facts")], |html| {
        for Fact { name, value } in facts {
            html.leaf("dt", &[], name);
            html.leaf("dd", &[], value);
        }
    });
}
