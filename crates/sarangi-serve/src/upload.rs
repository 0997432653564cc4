//! From a request's body to files in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header, request};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::budget::{Budget, Held};
use crate::failure::Failure;
use crate::file_name;
use crate::limits::Limits;

/// A file that somebody sent.
#[derive(Debug)]
pub(crate) struct Upload {
    /// For people to read; never a path.
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    /// What its bytes, and those of the files sent with it, take of the budget.
    pub(crate) held: Arc<Held>,
}

/// A form: files and short texts by the names of their fields, in order.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) files: Vec<(String, Upload)>,
    pub(crate) texts: Vec<(String, String)>,
}

/// The longest text in a form, and the most parts.
const LONGEST_TEXT: usize = 1024;
const MOST_PARTS: usize = 256;
/// What is read of a request that is refused anyway, in multiples of the limit: a client that is still
/// sending does not see an answer before it is done.
const POLITE: usize = 4;

/// Reads a form. `None` if the body is no form at all.
pub(crate) async fn read(
    request: Request,
    limits: &Limits,
    budget: &Budget,
) -> Result<Option<Form>, Failure> {
    let (parts, body) = request.into_parts();
    if !is_form(&parts) {
        return Ok(None);
    }
    let (bytes, held) = whole(&parts, body, limits, budget).await?;
    let length = bytes.len();
    let request = Request::from_parts(parts, Body::from(bytes));
    let form = parse(request, Arc::new(held)).await;
    tracing::debug!(bytes = length, "a form has arrived");
    form.map(Some)
}

fn is_form(parts: &request::Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            kind.trim_start()
                .to_ascii_lowercase()
                .starts_with("multipart/form-data")
        })
}

fn too_large(limits: &Limits) -> Failure {
    let mib = limits.body_bytes as f64 / f64::from(1 << 20);
    let message = format!(
        "the request is larger than the limit of {mib} MiB; send fewer or smaller files, such as MP3"
    );
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// Collects a body within the limits of size, memory and time.
async fn whole(
    parts: &request::Parts,
    mut body: Body,
    limits: &Limits,
    budget: &Budget,
) -> Result<(Vec<u8>, Held), Failure> {
    let promised = parts.headers.get(header::CONTENT_LENGTH);
    let promised: Option<usize> = promised.and_then(|length| length.to_str().ok()?.parse().ok());
    let most_read = limits.body_bytes.saturating_mul(POLITE);
    if promised.is_some_and(|bytes| bytes > most_read) {
        return Err(too_large(limits));
    }
    let end = Instant::now() + limits.upload_time;
    let mut held = budget.held();
    // A length that was only promised costs nothing.
    let mut bytes = Vec::new();
    let mut read = 0usize;
    let mut refused: Option<Failure> = None;
    while let Some(piece) = next(&mut body, limits.idle_time, end).await? {
        read += piece.len();
        if read > most_read {
            break;
        }
        if refused.is_some() {
            continue;
        }
        refused = if read > limits.body_bytes {
            Some(too_large(limits))
        } else if !held.take(piece.len()) {
            Some(Failure::busy(
                "too many uploads are in memory; try again in a moment",
            ))
        } else {
            bytes.extend_from_slice(&piece);
            None
        };
        if refused.is_some() {
            bytes = Vec::new();
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok((bytes, held)),
    }
}

/// The next piece of a body, which must come soon and before the end.
async fn next(body: &mut Body, idle: Duration, end: Instant) -> Result<Option<Bytes>, Failure> {
    let late = |reason: String| Failure::new(StatusCode::REQUEST_TIMEOUT, reason);
    loop {
        let frame = timeout_at(end, timeout(idle, body.frame())).await;
        let frame = frame
            .map_err(|_| late("the upload took too long; send a smaller file".to_owned()))?
            .map_err(|_| {
                let seconds = idle.as_secs_f64();
                late(format!(
                    "the upload stood still for {seconds} s; send it again"
                ))
            })?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers say nothing to us.
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
            Some(Err(error)) => {
                let reason = format!("the upload broke off ({error}); send it again");
                return Err(Failure::bad_request(reason));
            }
        }
    }
}

/// Takes a form apart that is in memory.
async fn parse(request: Request, held: Arc<Held>) -> Result<Form, Failure> {
    let malformed = |reason: String| {
        let reason = reason.replace('\n', " ");
        Failure::bad_request(format!(
            "the form cannot be read ({reason}); send multipart/form-data"
        ))
    };
    let parts = Multipart::from_request(request, &()).await;
    let mut parts = parts.map_err(|e| malformed(e.body_text()))?;
    let mut form = Form::default();
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|e| malformed(e.body_text()))?
    {
        if form.files.len() + form.texts.len() >= MOST_PARTS {
            let reason = format!("the form has more than {MOST_PARTS} parts");
            return Err(Failure::bad_request(reason));
        }
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(ToOwned::to_owned);
        let bytes = part.bytes().await.map_err(|e| malformed(e.body_text()))?;
        match name {
            // What a page sends if no file was chosen.
            Some(name) if name.is_empty() && bytes.is_empty() => {}
            Some(name) => {
                let held = Arc::clone(&held);
                let name = file_name::shown(Some(&name));
                form.files.push((field, Upload { name, bytes, held }));
            }
            None if bytes.len() > LONGEST_TEXT => {
                let shown = file_name::shown(Some(&field));
                let reason = format!("`{shown}` is too long for a text; a file needs a file name");
                return Err(Failure::bad_request(reason));
            }
            None => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                form.texts.push((field, text));
            }
        }
    }
    Ok(form)
}
