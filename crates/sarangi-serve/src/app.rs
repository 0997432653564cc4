//! What answers requests.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::budget::Budget;
use crate::failure::Failure;
use crate::jobs::Jobs;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::{guard, openapi, page, predict_v0, predict_v1, request_log, status};

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) models: Models,
    pub(crate) jobs: Jobs,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) budget: Budget,
}

/// The page needs no more than this: its own files, the pictures in answers, and the listener's own
/// sounds. Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     media-src blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer says about how a browser should take it.
fn headers() -> [(HeaderName, &'static str); 6] {
    let named = HeaderName::from_static;
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            named("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ),
        (named("cross-origin-resource-policy"), "same-origin"),
    ]
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let pages = Router::new()
        .route("/", get(page::index))
        .route("/assets/{name}", get(page::asset))
        .route("/openapi.json", get(openapi::document));
    let answers = Router::new()
        .route("/predict", post(predict_v0::predict))
        .route("/v1/predict", post(predict_v1::predict))
        .route("/v1/models", get(status::models))
        .route("/healthz", get(status::healthz))
        .route("/metrics", get(status::metrics))
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ));
    let router = pages
        .merge(answers)
        .fallback(async || {
            Failure::new(
                StatusCode::NOT_FOUND,
                "there is nothing here; see /openapi.json",
            )
        })
        .method_not_allowed_fallback(async || {
            let message = "this address takes another method; see /openapi.json";
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
        })
        // Bodies have a limit of our own, which reads on politely.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&app),
            request_log::record,
        ));
    let secured = headers().into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::overriding(
            name,
            HeaderValue::from_static(value),
        ))
    });
    secured.with_state(app)
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    Failure::internal("the request", &guard::message(panic.as_ref())).into_response()
}
