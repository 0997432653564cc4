//! `POST /v1/predict`: everything about several files.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::answer::{Answer, milliseconds};
use crate::app::App;
use crate::failure::{Failure, answered};
use crate::settings::Settings;
use crate::upload::{self, Upload};

#[derive(Debug, Serialize)]
struct Answers {
    model: String,
    /// The classes, in the order of the chunks' probabilities.
    labels: Vec<String>,
    /// One for each file, in their order.
    results: Vec<FileAnswer>,
    timings: RequestTimings,
}

#[derive(Debug, Serialize)]
struct FileAnswer {
    file: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    Answer(Box<Answer>),
    Failure { error: String, status: u16 },
}

#[derive(Debug, Serialize)]
struct RequestTimings {
    /// From the request's head to the last byte of its body.
    upload_ms: f64,
    total_ms: f64,
}

/// Answers for each file of the form, or why not. The status is 200 if there is an answer for one of
/// them, else that of the first failure.
pub(crate) async fn predict(
    State(app): State<Arc<App>>,
    Query(query): Query<Vec<(String, String)>>,
    request: Request,
) -> Result<Response, Failure> {
    let began = Instant::now();
    let form = upload::read(request, &app.limits, &app.budget).await?;
    let upload_ms = milliseconds(began.elapsed());
    let form = form.unwrap_or_default();
    let settings = Settings::read(query.iter().chain(&form.texts), &app.models)?;
    let uploads = files(form.files, app.limits.files)?;
    let names: Vec<String> = uploads.iter().map(|upload| upload.name.clone()).collect();
    let outcomes = all(&app, uploads, &settings).await;
    let status = status(&outcomes);
    let results = names
        .into_iter()
        .zip(outcomes)
        .map(|(file, outcome)| FileAnswer {
            file,
            outcome: outcome.into(),
        });
    let answers = Answers {
        model: settings.model.name.clone(),
        labels: settings.model.classifier.card().labels.clone(),
        results: results.collect(),
        timings: RequestTimings {
            upload_ms,
            total_ms: milliseconds(began.elapsed()),
        },
    };
    Ok(answered(status, Json(answers)))
}

fn files(parts: Vec<(String, Upload)>, most: usize) -> Result<Vec<Upload>, Failure> {
    if let Some((field, _)) = parts.iter().find(|(field, _)| field != "file") {
        let field = crate::file_name::shown(Some(field));
        let reason = format!("files go into the field `file`, not `{field}`; it may be repeated");
        return Err(Failure::bad_request(reason));
    }
    match parts.len() {
        0 => Err(Failure::bad_request("No file uploaded")),
        n if n > most => {
            let reason = format!("{n} files are too many; send at most {most} in a request");
            Err(Failure::bad_request(reason))
        }
        _ => Ok(parts.into_iter().map(|(_, upload)| upload).collect()),
    }
}

/// The outcomes in the order of the files. A request has as many of its files in the queue as there
/// are workers, so that one with many leaves room for others.
async fn all(
    app: &Arc<App>,
    uploads: Vec<Upload>,
    settings: &Settings,
) -> Vec<Result<Answer, Failure>> {
    let mut outcomes: Vec<Option<Result<Answer, Failure>>> = uploads.iter().map(|_| None).collect();
    let mut waiting = uploads.into_iter().enumerate();
    // Dropping the set, when whoever asked is gone, drops the tickets in it and so stops the work.
    let mut running = JoinSet::new();
    loop {
        while running.len() < app.limits.workers
            && let Some((place, upload)) = waiting.next()
        {
            let (app, model, portrait) = (
                Arc::clone(app),
                Arc::clone(&settings.model),
                settings.portrait,
            );
            running.spawn(async move {
                let outcome = match app.jobs.submit(upload, model, portrait) {
                    Ok(ticket) => ticket.answer().await,
                    Err(failure) => Err(failure),
                };
                (place, outcome)
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((place, outcome))) => outcomes[place] = Some(cut(outcome, settings.top_k)),
            Some(Err(error)) => {
                tracing::error!(%error, "waiting for a file failed");
            }
        }
    }
    let missing = || Err(Failure::internal("prediction", "an answer is missing"));
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(missing))
        .collect()
}

fn cut(outcome: Result<Answer, Failure>, top_k: Option<usize>) -> Result<Answer, Failure> {
    outcome.map(|mut answer| {
        answer.ranking.truncate(top_k.unwrap_or(usize::MAX));
        answer
    })
}

fn status(outcomes: &[Result<Answer, Failure>]) -> StatusCode {
    match outcomes.iter().any(Result::is_ok) {
        true => StatusCode::OK,
        false => outcomes
            .iter()
            .find_map(|outcome| outcome.as_ref().err())
            .map_or(StatusCode::OK, |failure| failure.status),
    }
}

impl From<Result<Answer, Failure>> for Outcome {
    fn from(outcome: Result<Answer, Failure>) -> Self {
        match outcome {
            Ok(answer) => Self::Answer(Box::new(answer)),
            Err(failure) => Self::Failure {
                error: failure.message,
                status: failure.status.as_u16(),
            },
        }
    }
}
