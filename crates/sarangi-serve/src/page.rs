//! The page and its files, which are part of the program.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

const INDEX: &str = include_str!("../assets/index.html");

/// Name, kind and content.
const ASSETS: [(&str, &str, &str); 8] = [
    ("style.css", CSS, include_str!("../assets/style.css")),
    ("app.js", JS, include_str!("../assets/app.js")),
    ("card.js", JS, include_str!("../assets/card.js")),
    ("draw.js", JS, include_str!("../assets/draw.js")),
    ("player.js", JS, include_str!("../assets/player.js")),
    ("timeline.js", JS, include_str!("../assets/timeline.js")),
    ("upload.js", JS, include_str!("../assets/upload.js")),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../assets/icon.svg"),
    ),
];

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
pub(crate) async fn index() -> Response {
    file("text/html; charset=utf-8", INDEX)
}

pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, content)) => file(kind, content),
        None => Failure::new(StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

/// A new version of the program has other files under the same names: they are not kept.
fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_page_names_is_there_and_nothing_from_elsewhere() {
        let texts = ASSETS.iter().map(|(_, _, text)| *text).chain([INDEX]);
        for text in texts {
            assert!(!text.contains("https://"), "an address on the web");
            for (at, _) in text.match_indices("/assets/") {
                let name: String = text[at + 8..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '.')
                    .collect();
                assert!(ASSETS.iter().any(|(known, ..)| *known == name), "{name}");
            }
            for (at, _) in text.match_indices("from \"./") {
                let name = text[at + 8..].split('"').next().unwrap();
                assert!(ASSETS.iter().any(|(known, ..)| *known == name), "{name}");
            }
        }
        for inline in ["<style", " style=", "onclick", "javascript:", "<script>"] {
            assert!(!INDEX.contains(inline), "{inline}");
        }
    }
}
