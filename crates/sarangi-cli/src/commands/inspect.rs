//! `sarangi inspect`.

mod weights;

use std::path::Path;

use anyhow::Result;
use sarangi::audio::AudioInfo;
use sarangi::models::WeightFormat;
use sarangi::train::{ModelCard, ModelFile};

use crate::args::InspectArgs;
use crate::console::{Console, printable};

pub(crate) fn inspect(args: &InspectArgs, console: &Console) -> Result<()> {
    let path = &args.file;
    match WeightFormat::of_file(path)? {
        None => {
            let info = sarangi::audio::inspect(path)?;
            console.answer(&info, describe_audio(path, &info))
        }
        Some(WeightFormat::Safetensors) if ModelFile::may_be(path)? => {
            let card = ModelFile::read(path)?.card;
            console.answer(&card, describe_model(path, &card))
        }
        Some(_) => weights::inspect(path, console),
    }
}

fn describe_audio(path: &Path, info: &AudioInfo) -> String {
    let length = match info.seconds {
        Some(seconds) => format!("{seconds:.2} s"),
        None => "not told by the file".to_owned(),
    };
    format!(
        "{}\n  format    {}\n  codec     {}\n  rate      {}\n  channels  {}\n  length    {length}",
        printable(&path.display().to_string()),
        info.format,
        info.codec,
        info.rate,
        info.channels,
    )
}

fn describe_model(path: &Path, card: &ModelCard) -> String {
    let [channels, bins, frames] = card.input;
    let validation = match &card.validation {
        Some(e) => format!(
            "{:.1} % of chunks, {:.1} % of tracks",
            100.0 * e.chunk.accuracy,
            100.0 * e.track.accuracy
        ),
        None => "none".to_owned(),
    };
    let leak = match card.leaking_tracks {
        0 => "no track in two parts".to_owned(),
        n => format!("LEAKS: {n} tracks in several parts"),
    };
    let sure = match card.threshold {
        Some(threshold) => format!("above {:.1} %", 100.0 * threshold),
        None => "always".to_owned(),
    };
    format!(
        "{}\n  recipe      {}\n  classes     {} ({})\n  input       {channels} × {bins} × {frames} {}\n  \
         parameters  {}\n  epoch       {}\n  validation  {validation}\n  sure        {sure}\n  split       {} ({leak})\n  \
         licence     {}",
        printable(&path.display().to_string()),
        printable(&card.recipe.name),
        card.labels.len(),
        printable(&card.labels.join(", ")),
        match card.recipe.front_end.rate() {
            Some(rate) => format!("at {rate}"),
            None => "of pictures".to_owned(),
        },
        card.parameters,
        card.epoch,
        card.split_digest,
        printable(card.licence.as_deref().unwrap_or("not stated")),
    )
}
