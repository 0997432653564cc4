//! Tracks told right and wrong.

use super::GalleryItem;
use super::html::Html;
use super::numbers::percent;
use super::section_samples::{image, player};

pub(crate) fn section(gallery: &[GalleryItem]) -> Html {
    let mut html = Html::new();
    if gallery.is_empty() {
        return html;
    }
    html.leaf("h2", &[], "Right and wrong");
    html.element("div", &[("class", "tools")], |html| {
        let right = gallery.iter().filter(|item| item.is_right()).count();
        html.element("fieldset", &[("class", "switch")], |html| {
            html.leaf("legend", &[], "Show");
            let choices = [
                ("all", "all", gallery.len()),
                ("wrong", "wrong", gallery.len() - right),
                ("right", "right", right),
            ];
            for (value, name, n) in choices {
                html.element("label", &[], |html| {
                    let mut attributes =
                        vec![("type", "radio"), ("name", "gallery"), ("value", value)];
                    if value == "all" {
                        attributes.push(("checked", "checked"));
                    }
                    html.void("input", &attributes);
                    html.leaf("span", &[], format_args!("{name} {n}"));
                });
            }
        });
        if gallery.iter().any(|item| item.overlay.is_some()) {
            html.element("label", &[("class", "toggle")], |html| {
                html.void(
                    "input",
                    &[
                        ("type", "checkbox"),
                        ("name", "overlay"),
                        ("checked", "checked"),
                    ],
                );
                html.text("show what it looked at");
            });
        }
    });
    html.element("div", &[("class", "grid gallery")], |html| {
        // What went wrong is what one learns from.
        let (right, wrong): (Vec<_>, Vec<_>) = gallery.iter().partition(|item| item.is_right());
        wrong
            .into_iter()
            .chain(right)
            .for_each(|item| card(html, item));
    });
    if gallery.iter().any(|item| item.overlay.is_some()) {
        let note =
            "What the network looked at is Grad-CAM for the class that it named: brighter is more.";
        html.leaf("p", &[("class", "note")], note);
    }
    html
}

fn card(html: &mut Html, item: &GalleryItem) {
    let class = if item.is_right() {
        "card right"
    } else {
        "card wrong"
    };
    html.element("article", &[("class", class)], |html| {
        html.element("div", &[("class", "pictures")], |html| {
            let alternative = format!("spectrogram of {}", item.track);
            if let Some(picture) = &item.spectrogram {
                image(html, picture, &alternative, "plain");
            }
            if let Some(picture) = &item.overlay {
                image(
                    html,
                    picture,
                    &format!("{alternative}, with what the network looked at"),
                    "overlay",
                );
            }
        });
        html.element("h3", &[], |html| {
            let (mark, word) = if item.is_right() {
                ("✓", "right: ")
            } else {
                ("✗", "wrong: ")
            };
            html.leaf("span", &[("class", "mark"), ("aria-hidden", "true")], mark);
            html.leaf("span", &[("class", "unseen")], word);
            html.leaf("bdi", &[], &item.track);
        });
        html.element("p", &[("class", "caption")], |html| {
            html.text("is ");
            html.leaf("bdi", &[], &item.truth);
        });
        html.element("ol", &[("class", "top")], |html| {
            for (label, probability) in &item.top {
                // What is no number is not drawn as one.
                let share = f64::from(*probability);
                let share = if share.is_nan() {
                    0.0
                } else {
                    share.clamp(0.0, 1.0)
                };
                let class = if *label == item.truth { "truth" } else { "" };
                let style = format!("--share:{share:.4}");
                html.element("li", &[("class", class), ("style", &style)], |html| {
                    html.leaf("bdi", &[], label);
                    html.leaf("span", &[("class", "number")], percent(share));
                });
            }
        });
        if let Some(sound) = &item.sound {
            player(html, sound, &item.track);
        }
    });
}
