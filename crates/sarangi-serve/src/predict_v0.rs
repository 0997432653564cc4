//! `POST /predict`: one file, one genre, as the oldest pages ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;
use crate::settings::choose;
use crate::upload::{self, Upload};

/// Answers `{"genre": …}` for the file in the field `file`.
pub(crate) async fn predict(
    State(app): State<Arc<App>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let form = upload::read(request, &app.limits, &app.budget).await?;
    let form = form.unwrap_or_default();
    let model = form.texts.iter().find(|(field, _)| field == "model");
    let model = model.map(|(_, name)| name).or(query.get("model"));
    let named = |(field, upload): (String, Upload)| (field == "file").then_some(upload);
    let upload = form.files.into_iter().find_map(named);
    // These very words: programs compare them.
    let upload = upload.ok_or_else(|| Failure::bad_request("No file uploaded"))?;
    let model = choose(&app.models, model.map(String::as_str))?;
    let answer = app.jobs.submit(upload, model, false)?.answer().await?;
    Ok(Json(json!({ "genre": answer.label })))
}
