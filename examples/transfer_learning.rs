//! A trained network learns another question from a dozen tracks.
//!
//! The base is the network that the quickstart trained to tell four textures apart
//! (`fixtures/checkpoints/v1`). Its last layer is replaced by one for a question that it was never
//! asked: are the notes long or short? Everything else is frozen, so that 258 numbers are learned,
//! from three tracks of each texture. For comparison the same head is put on a base that knows
//! nothing. Both are tested on clips that neither base nor head has heard (`fixtures/unseen`); of
//! their 16 chunks the trained base gets 15 right, the other 12. (Not every question needs a trained
//! base: whether there are drums, the other tells as well.)
//!
//! ```text
//! cargo run --release --example transfer_learning
//! ```

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use sarangi::audio::audio_files;
use sarangi::core::IntoTensor;
use sarangi::models::{ModelContext, WeightOptions, apply_weights};
use sarangi::nn::{
    CrossEntropy, Freeze, Mode, Model, Params, Targets, Value, cross_entropy, softmax,
};
use sarangi::prelude::*;
use sarangi::train::{ModelFile, Optimiser, OptimiserSpec};

/// Keeps the large buffers of training instead of giving them back to the kernel in every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The textures and how long their notes are: bowed and blown, plucked and cut off.
const TEXTURES: [(&str, u32); 4] = [("drone", 0), ("march", 0), ("pluck", 1), ("pulse", 1)];
const ANSWERS: [&str; 2] = ["long", "short"];

/// A track's chunks as the network's input, and the answer.
struct Track {
    path: PathBuf,
    chunks: Value,
    count: usize,
    answer: u32,
}

fn main() -> anyhow::Result<()> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let base = ModelFile::read(fixtures.join("checkpoints/v1/quickstart.safetensors"))?;

    let mut known = Vec::new();
    let mut unseen = Vec::new();
    for (texture, answer) in TEXTURES {
        let mut files = audio_files(fixtures.join("audio").join(texture))?;
        files.truncate(3);
        for path in files {
            known.push(read(&base, path, answer)?);
        }
        let mut clips = audio_files(fixtures.join("unseen"))?;
        clips.retain(|path| path.file_stem().is_some_and(|stem| stem == texture));
        for path in clips {
            unseen.push(read(&base, path, answer)?);
        }
    }

    for (what, trained) in [
        ("a base that knows nothing", false),
        ("the trained base", true),
    ] {
        let (params, network) = with_new_head(&base, trained)?;
        say(format_args!(
            "{what}, frozen: {} of {} tensors learn, {} numbers",
            params.trainable().len(),
            params.all().len(),
            params.trainable_count()
        ));
        learn(&params, network.as_ref(), &known)?;
        let (mut right, mut all) = (0, 0);
        for track in &unseen {
            let rows = answers(network.as_ref(), track)?;
            right += rows
                .iter()
                .filter(|row| decide(row) == track.answer)
                .count();
            all += rows.len();
            let mean = rows.iter().map(|row| row[1]).sum::<f32>() / rows.len().max(1) as f32;
            let name = track.path.file_name().unwrap_or_default().to_string_lossy();
            let verdict = ANSWERS[usize::from(mean > 0.5)];
            say(format_args!(
                "  {name:<12} {verdict:<5} (short: {:.0} %)",
                100.0 * mean
            ));
        }
        say(format_args!("  {right} of {all} chunks are right\n"));
    }
    Ok(())
}

/// The base's network with a last layer for two answers, everything else frozen.
fn with_new_head(base: &ModelFile, trained: bool) -> anyhow::Result<(Params, Box<dyn Model>)> {
    let params = Params::new(Seed(1), &Backend::Cpu.device()?);
    let network = base.card.recipe.model.build(ModelContext {
        params: &params.frozen(Freeze::Base),
        in_channels: base.card.input[0],
        classes: ANSWERS.len(),
    })?;
    if trained {
        // The new head stays as it was drawn.
        let options = WeightOptions {
            without_head: true,
            ..WeightOptions::default()
        };
        apply_weights(&params, base.weights.clone(), &options)?;
    }
    Ok((params, network))
}

/// Twenty times through all tracks, a step for each.
fn learn(params: &Params, network: &dyn Model, tracks: &[Track]) -> anyhow::Result<()> {
    let spec = OptimiserSpec::Adam {
        lr: 0.003,
        betas: (0.9, 0.999),
        eps: 1e-8,
        weight_decay: 0.0,
    };
    let mut optimiser = Optimiser::new(&spec, params)?;
    for epoch in 0..20 {
        let mut order: Vec<usize> = (0..tracks.len()).collect();
        Seed(2).rng(epoch, 0).shuffle(&mut order);
        for (step, &i) in order.iter().enumerate() {
            let track = &tracks[i];
            let mut rng = Seed(3).rng(epoch, step as u64);
            let logits = network.forward(&track.chunks, Mode::Train(&mut rng))?;
            let answers = vec![track.answer; track.count];
            let targets = Targets::Classes(&answers);
            let loss = cross_entropy(&logits, targets, &CrossEntropy::default())?;
            optimiser.step(&loss.backward()?, spec.lr())?;
        }
    }
    Ok(())
}

/// For each chunk the probabilities of long and of short notes.
fn answers(network: &dyn Model, track: &Track) -> anyhow::Result<Vec<Vec<f32>>> {
    let probabilities = softmax(&network.forward(&track.chunks, Mode::Eval)?)?;
    Ok(probabilities.tensor()?.to_vec2()?)
}

fn decide(row: &[f32]) -> u32 {
    u32::from(row[1] > row[0])
}

/// The track as the base's own front end sees it.
fn read(base: &ModelFile, path: PathBuf, answer: u32) -> anyhow::Result<Track> {
    let front_end = base.card.recipe.front_end.build(())?;
    let sound = front_end.sound()?;
    let mut chunks = sound.all_chunks(&sound.load(&path)?)?;
    base.card.normalisation.apply(chunks.view_mut())?;
    let chunks = chunks.into_tensor(&Backend::Cpu.device()?)?;
    Ok(Track {
        path,
        count: chunks.dims()[0],
        chunks: Value::tracked(&chunks)?,
        answer,
    })
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}
