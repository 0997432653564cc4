//! The description of the interface for programs that make clients.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const DOCUMENT: &str = include_str!("../assets/openapi.json");

pub(crate) async fn document() -> Response {
    let text = DOCUMENT.replace("{version}", env!("CARGO_PKG_VERSION"));
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
