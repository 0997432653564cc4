//! What each class sounds and looks like.

use super::ClassSample;
use super::data_uri::data_uri;
use super::html::Html;

pub(crate) fn section(samples: &[ClassSample]) -> Html {
    let mut html = Html::new();
    if samples.is_empty() {
        return html;
    }
    html.leaf("h2", &[], "One of each class");
    html.element("div", &[("class", "grid")], |html| {
        for sample in samples {
            html.element("article", &[("class", "card")], |html| {
                if let Some(picture) = &sample.picture {
                    let alternative = format!("spectrogram of {}", sample.class);
                    image(html, picture, &alternative, "");
                }
                html.leaf("h3", &[], &sample.class);
                html.leaf("p", &[("class", "caption")], &sample.caption);
                if let Some(sound) = &sample.sound {
                    player(html, sound, &sample.caption);
                }
            });
        }
    });
    html
}

pub(crate) fn image(html: &mut Html, png: &[u8], alternative: &str, class: &str) {
    let source = data_uri("image/png", png);
    let attributes = [
        ("class", class),
        ("loading", "lazy"),
        ("alt", alternative),
        ("src", &source),
    ];
    html.void("img", &attributes);
}

pub(crate) fn player(html: &mut Html, wav: &[u8], name: &str) {
    let source = data_uri("audio/wav", wav);
    let label = format!("listen to {name}");
    let attributes = [
        ("controls", "controls"),
        ("preload", "none"),
        ("aria-label", label.as_str()),
        ("src", &source),
    ];
    html.element("audio", &attributes, |_| {});
}
