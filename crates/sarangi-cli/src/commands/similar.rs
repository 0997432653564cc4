//! `sarangi similar`.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use sarangi::core::{Error, Stop};
use sarangi::data::content_digest;
use sarangi::train::{EmbeddingIndex, Neighbour};
use serde::Serialize;

use super::inputs;
use crate::args::{Common, SimilarArgs};
use crate::console::{Console, printable};

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Found {
        path: String,
        similar: Vec<Neighbour>,
    },
    Failed {
        path: String,
        error: String,
    },
}

pub(crate) fn similar(args: &SimilarArgs, common: &Common, console: &Console) -> Result<()> {
    let index = EmbeddingIndex::read(&args.index)?;
    if index.model() != content_digest(&args.model)? {
        let reason =
            "was made with another model; make it anew with `sarangi embed`, or name that one";
        return Err(Error::data(&args.index, reason).into());
    }
    let classifier = inputs::classifier(&args.model, common)?;
    let files = inputs::files(&args.inputs, &classifier)?;
    let mut answers = Vec::with_capacity(files.len());
    let mut text = String::new();
    let mut failed = 0;
    classifier.embed_files(&files, &Stop::new(), |n, outcome| {
        let path = files[n].display().to_string();
        // One more, because a track of the index is the most similar to itself.
        let found = outcome.and_then(|asked| index.nearest(&asked, args.top_k.saturating_add(1)));
        answers.push(match found {
            Ok(mut similar) => {
                similar.retain(|other| other.name != path);
                similar.truncate(args.top_k);
                let names: Vec<String> = similar
                    .iter()
                    .map(|other| format!("{} {:.3}", printable(&other.name), other.cosine))
                    .collect();
                // Writing to a string does not fail.
                let _ = writeln!(text, "{}: {}", printable(&path), names.join(", "));
                Answer::Found { path, similar }
            }
            Err(error) => {
                failed += 1;
                console.error(&error);
                let error = error.to_string();
                Answer::Failed { path, error }
            }
        });
        Ok(())
    })?;
    if !text.is_empty() || common.json {
        console.answer(&answers, text)?;
    }
    match failed {
        0 => Ok(()),
        failed => bail!("{failed} of {} files cannot be used", files.len()),
    }
}
