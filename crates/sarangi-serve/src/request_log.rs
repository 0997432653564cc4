//! A line in the log and a count for each request.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::metrics::count;

pub(crate) async fn record(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = match request.method().as_str() {
        // Anything may be called a method; what is counted must not grow without end.
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let response = next.run(request).await;
    let status = response.status();
    let took = began.elapsed();
    if let Some(length) = length.filter(|_| status.is_success()) {
        count(&app.metrics.upload_bytes, length);
    }
    app.metrics.request(&method, &route, status.as_u16(), took);
    let ms = took.as_millis();
    tracing::info!(method, route, status = status.as_u16(), ms, "request");
    response
}
