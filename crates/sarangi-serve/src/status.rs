//! `/healthz`, `/metrics` and `/v1/models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sarangi_data::FrontEndSpec;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::formats::formats;
use crate::models::Entry;

pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "models": app.models.names(),
        "queued_files": app.jobs.waiting(),
    }))
}

pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, app.metrics.text(app.jobs.waiting())).into_response()
}

/// A model as others see it: nothing of where it lies on this machine.
#[derive(Debug, Serialize)]
struct ModelInfo {
    name: String,
    recipe: String,
    /// `sound` or `picture`.
    kind: &'static str,
    labels: Vec<String>,
    /// Colours that tell the classes apart, as `#rrggbb`.
    colours: Vec<String>,
    parameters: usize,
    rate_hz: Option<u32>,
    chunk_seconds: Option<f64>,
    /// The confidence above which an answer is sure.
    threshold: Option<f64>,
    /// The share of validation tracks told right.
    validation_accuracy: Option<f64>,
    /// Tracks that were in several parts of the split; if not 0 the accuracy is too good.
    leaking_tracks: usize,
    licence: Option<String>,
    /// How often the file has been read again.
    revision: u64,
    /// Why the file as it is now cannot be read, if so.
    fault: Option<String>,
}

pub(crate) async fn models(State(app): State<Arc<App>>) -> Json<Value> {
    let models: Vec<ModelInfo> = app.models.entries().iter().map(info).collect();
    let limits = &app.limits;
    Json(json!({
        "models": models,
        "limits": {
            "body_bytes": limits.body_bytes,
            "files": limits.files,
            "seconds": limits.seconds,
            "formats": formats(),
        },
    }))
}

fn info(entry: &Entry) -> ModelInfo {
    let loaded = entry.loaded();
    let card = loaded.classifier.card();
    let count = card.labels.len();
    let colour = |index| {
        let [r, g, b] = sarangi_plot::categorical(index, count);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let chunk_seconds = match &card.recipe.front_end {
        FrontEndSpec::Sound(spec) => Some(spec.chunk.seconds),
        FrontEndSpec::Picture(_) => None,
    };
    ModelInfo {
        name: entry.name.clone(),
        recipe: card.recipe.name.clone(),
        kind: loaded.classifier.kind().noun(),
        labels: card.labels.clone(),
        colours: (0..count).map(colour).collect(),
        parameters: card.parameters,
        rate_hz: card.recipe.front_end.rate().map(|rate| rate.hz()),
        chunk_seconds,
        threshold: card.threshold,
        validation_accuracy: card.validation.as_ref().map(|v| v.track.accuracy),
        leaking_tracks: card.leaking_tracks,
        licence: card.licence.clone(),
        revision: loaded.revision,
        // The path is nobody's business, and the log has it.
        fault: entry
            .fault()
            .map(|_| "the file has changed and cannot be read; the log has the reason".to_owned()),
    }
}
