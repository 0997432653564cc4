//! Which recordings sound like this one? Neighbours by what a trained network hears.
//!
//! The last layer of a classifier reads a vector for each chunk; their mean is the recording's embedding.
//! Recordings whose embeddings point the same way sound alike to the network, whether or not it has a name for
//! what they share. Here the quickstart's network (`fixtures/checkpoints/v1`) makes an index of
//! `fixtures/audio`, and finds the three nearest of it to each of four clips that it has not heard.
//!
//! ```text
//! cargo run --release --example embedding_search
//! ```

use std::io::{Write, stdout};
use std::path::Path;

use sarangi::audio::audio_files;
use sarangi::core::Stop;
use sarangi::data::content_digest;
use sarangi::prelude::*;
use sarangi::train::{EmbeddingIndex, Neighbour};

/// Keeps the large buffers of the network instead of giving them back to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    run().map(|_| ())
}

/// Each clip with its neighbours.
fn run() -> anyhow::Result<Vec<(String, Vec<Neighbour>)>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let model = fixtures.join("checkpoints/v1/quickstart.safetensors");
    let classifier = Classifier::load(&model, Backend::Auto)?;

    let mut files = Vec::new();
    for label in &classifier.card().labels {
        files.extend(audio_files(fixtures.join("audio").join(label))?);
    }
    let mut tracks = Vec::with_capacity(files.len());
    // Files are read on all threads; whoever holds the `Stop` could end it before the last.
    classifier.embed_files(&files, &Stop::new(), |n, embedding| {
        tracks.push((name(&files[n]), embedding?));
        Ok(())
    })?;
    // An index is of one network, and can be written to a file and read again.
    let index = EmbeddingIndex::new(content_digest(&model)?, tracks)?;
    say(format_args!("{} recordings in the index", index.len()));

    let mut found = Vec::new();
    for path in audio_files(fixtures.join("unseen"))? {
        let asked = classifier.prepare_file(&path, &Stop::new())?;
        for embedding in classifier.embed_batch(&[asked])? {
            say(format_args!("{} sounds like", name(&path)));
            let near = index.nearest(&embedding, 3)?;
            for Neighbour { name, cosine } in &near {
                say(format_args!("  {name:<14} {cosine:.3}"));
            }
            found.push((name(&path), near));
        }
    }
    Ok(found)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn neighbours_are_of_the_same_texture() {
        let found = super::run().unwrap();
        assert_eq!(found.len(), 4);
        for (asked, neighbours) in found {
            let texture = asked.split('.').next().unwrap();
            assert_eq!(neighbours.len(), 3);
            for neighbour in neighbours {
                let near = neighbour.name.starts_with(texture);
                assert!(near, "{asked}: {neighbour:?}");
            }
        }
    }
}
