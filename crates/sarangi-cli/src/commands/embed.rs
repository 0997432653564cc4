//! `sarangi embed`.

use anyhow::{Result, bail};
use sarangi::core::Stop;
use sarangi::data::content_digest;
use sarangi::train::EmbeddingIndex;
use serde_json::json;

use super::inputs;
use crate::args::{Common, EmbedArgs};
use crate::console::{Console, printable};

pub(crate) fn embed(args: &EmbedArgs, common: &Common, console: &Console) -> Result<()> {
    let classifier = inputs::classifier(&args.model, common)?;
    let files = inputs::files(&args.inputs, &classifier)?;
    let progress = console.progress("embedding", files.len());
    let mut tracks = Vec::with_capacity(files.len());
    let mut failed = Vec::new();
    classifier.embed_files(&files, &Stop::new(), |n, outcome| {
        let path = files[n].display().to_string();
        match outcome {
            Ok(embedding) => tracks.push((path, embedding)),
            Err(error) => {
                console.error(&error);
                failed.push(json!({ "path": path, "error": error.to_string() }));
            }
        }
        progress.set(n + 1, "files");
        Ok(())
    })?;
    progress.finish();
    if tracks.is_empty() {
        bail!("not one of {} files can be used", files.len());
    }
    let features = tracks[0].1.len();
    let index = EmbeddingIndex::new(content_digest(&args.model)?, tracks)?;
    index.write(&args.out)?;
    let out = args.out.display().to_string();
    let (count, aside) = (index.len(), failed.len());
    let text = format!(
        "{}: {count} tracks, {features} numbers each{}",
        printable(&out),
        match aside {
            0 => String::new(),
            n => format!("; {n} files could not be used"),
        }
    );
    let answer = json!({ "index": out, "tracks": count, "features": features, "failed": failed });
    console.answer(&answer, text)
}
