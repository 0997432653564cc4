//! The frame of every page.

use super::Warning;
use super::html::Html;

/// Nothing may be loaded from anywhere: browsers hold the page to it.
const POLICY: &str = "default-src 'none'; img-src data:; media-src data:; \
                      style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A whole page of sections with their ids and names.
pub(crate) fn page(
    title: &str,
    kind: &str,
    warnings: &[Warning],
    sections: Vec<(&str, &str, Html)>,
) -> String {
    let mut html = Html::new();
    html.own("<!DOCTYPE html>\n");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, title));
        html.own("\n");
        html.element("body", &[], |html| {
            html.leaf(
                "a",
                &[("class", "skip"), ("href", "#content")],
                "Skip to the content",
            );
            html.element("header", &[], |html| {
                html.leaf("p", &[("class", "kind")], kind);
                html.leaf("h1", &[], title);
            });
            html.element("nav", &[("aria-label", "Sections")], |html| {
                for (id, name, _) in &sections {
                    html.leaf("a", &[("href", &format!("#{id}"))], name);
                }
            });
            html.element("main", &[("id", "content")], |html| {
                warnings.iter().for_each(|warning| banner(html, warning));
                for (id, _, section) in sections {
                    html.own("\n");
                    html.element("section", &[("id", id)], |html| html.append(section));
                }
            });
            html.own("\n");
            html.element("footer", &[], |html| html.text("Made by Sarangi."));
            html.own(concat!("<script>", include_str!("script.js"), "</script>"));
        });
    });
    html.own("\n");
    html.into_string()
}

fn head(html: &mut Html, title: &str) {
    html.void("meta", &[("charset", "utf-8")]);
    html.void(
        "meta",
        &[
            ("http-equiv", "Content-Security-Policy"),
            ("content", POLICY),
        ],
    );
    let viewport = [
        ("name", "viewport"),
        ("content", "width=device-width, initial-scale=1"),
    ];
    html.void("meta", &viewport);
    html.void(
        "meta",
        &[("name", "color-scheme"), ("content", "light dark")],
    );
    html.leaf("title", &[], title);
    // An icon of our own, so that no browser asks for one.
    html.void("link", &[("rel", "icon"), ("href", "data:,")]);
    html.own(concat!("<style>", include_str!("style.css"), "</style>"));
}

fn banner(html: &mut Html, warning: &Warning) {
    let (class, head, text) = match warning {
        Warning::Leak(text) => (
            "banner leak",
            "This split leaks: the numbers are too good. ",
            text,
        ),
        Warning::Note(text) => ("banner", "Note: ", text),
    };
    html.element("aside", &[("class", class), ("role", "note")], |html| {
        html.leaf("strong", &[], head);
        html.text(text);
    });
}

/// Two views of the same thing, of which one is shown; without style sheets, both are.
pub(crate) fn by_level(html: &mut Html, id: &str, mut draw: impl FnMut(&mut Html, Level)) {
    html.element("div", &[("class", "levels")], |html| {
        html.element("fieldset", &[("class", "switch")], |html| {
            html.leaf("legend", &[], "Counted by");
            for level in [Level::Track, Level::Chunk] {
                html.element("label", &[], |html| {
                    let name = format!("level-{id}");
                    let mut attributes =
                        vec![("type", "radio"), ("name", &name), ("value", level.word())];
                    if level == Level::Track {
                        attributes.push(("checked", "checked"));
                    }
                    html.void("input", &attributes);
                    html.leaf("span", &[], format_args!("{}s", level.word()));
                });
            }
        });
        for level in [Level::Track, Level::Chunk] {
            let class = format!("at-{}", level.word());
            html.element("div", &[("class", &class)], |html| draw(html, level));
        }
    });
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Track,
    Chunk,
}

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Chunk => "chunk",
        }
    }

    pub(crate) fn of(self, evaluation: &crate::Evaluation) -> &crate::Scores {
        match self {
            Self::Track => &evaluation.track,
            Self::Chunk => &evaluation.chunk,
        }
    }
}

/// A table that scrolls by itself where the page is narrow.
pub(crate) fn wide(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    let attributes = [
        ("class", "wide"),
        ("role", "region"),
        ("tabindex", "0"),
        ("aria-label", name),
    ];
    html.element("div", &attributes, inside);
}
