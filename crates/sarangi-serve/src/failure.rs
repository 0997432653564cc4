//! Why a request, or a file of one, has no answer.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sarangi_core::Error;
use serde_json::json;

use crate::formats::formats;

/// A status and one line that says what is wrong and what to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

/// The number of the next failure of our own.
static INCIDENT: AtomicU64 = AtomicU64::new(1);

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Work on a file took longer than it may.
    pub(crate) fn too_slow() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the file took too long; send a shorter one, or try again later",
        )
    }

    /// Our own fault. The reason goes into the log, and its number there to whoever asked.
    pub(crate) fn internal(doing: &str, reason: &str) -> Self {
        let incident = INCIDENT.fetch_add(1, Ordering::Relaxed);
        tracing::error!(incident, doing, reason, "a request failed");
        let message =
            format!("the server failed at {doing}; its log has the reason as incident {incident}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// What went wrong with a file that somebody sent.
    pub(crate) fn of_file(error: &Error) -> Self {
        let status = match error {
            Error::Unsupported { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::Stopped { .. } => return Self::too_slow(),
            Error::Backend { op, source } => return Self::internal(op, &source.to_string()),
            Error::Checkpoint { .. } => return Self::internal("prediction", &error.to_string()),
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let message = one_line(&error.to_string());
        // The reader of formats names what it met; what would help is the same each time.
        let foreign =
            status == StatusCode::UNSUPPORTED_MEDIA_TYPE || message.contains("is not a sound file");
        let hint = match foreign {
            true => format!("; send one of {}", formats().join(", ")),
            false => String::new(),
        };
        Self::new(status, format!("{message}{hint}"))
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.message }));
        answered(self.status, body)
    }
}

/// An answer, which says when to come again if the server is busy.
pub(crate) fn answered(status: StatusCode, body: impl IntoResponse) -> Response {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            (status, [(header::RETRY_AFTER, "1")], body).into_response()
        }
        _ => (status, body).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_statuses_by_whose_fault_they_are() {
        let status = |error: Error| Failure::of_file(&error).status.as_u16();
        assert_eq!(status(Error::decode("a.mp3", "file is empty")), 422);
        let what = "opus".to_owned();
        assert_eq!(
            status(Error::Unsupported {
                what,
                feature: None
            }),
            415
        );
        assert_eq!(status(Error::Stopped { what: "decoding" }), 504);
        assert_eq!(status(Error::backend("conv2d", "no memory")), 500);
        let lines = Failure::of_file(&Error::decode("a", "is not a sound file:\n it is text"));
        let message = lines.message;
        assert!(
            message.starts_with("a: is not a sound file: it is text; send one of "),
            "{message}"
        );
        let ours = Failure::of_file(&Error::backend("conv2d", "no memory"));
        assert!(!ours.message.contains("no memory"), "{ours:?}");
    }
}
