//! The page.

use std::fmt::Write as _;

use sarangi_core::{Feature, Result, Spec, Waveform};
use sarangi_features::{FeatureEntry, FeatureSpec};

use crate::entries::{Entry, FEATURES, PLANS};
use crate::needs_all;

const INTRODUCTION: &str = "\
# Features in pictures

Every feature of `sarangi-features`, of the clip `fixtures/audio/pluck/pluck.000.wav` (synthesised
plucked strings with drums, 22,050 Hz): of its first six seconds, and of all twelve where beats and tempi
are looked at. Shapes are those of the feature itself: channels, bins, frames.

The pictures are drawn by the project, with

```sh
cargo run --release -p sarangi-features --features draw,png --example feature_gallery
```

and each can be had of any sound, as a picture or as numbers:

```sh
sarangi extract --feature log-mel --axes song.mp3 song.png
sarangi extract --feature log-mel song.mp3 song.npy
```

In Rust `FeatureSpec::chart` gives the picture, whose parts can be changed before it is rendered.
";

pub(crate) fn page(clip: &Waveform, whole: &Waveform) -> Result<String> {
    let mut page = INTRODUCTION.to_owned();
    let catalogue = FeatureSpec::catalogue();
    for (heading, entries) in FEATURES {
        let _ = write!(page, "\n## {heading}\n");
        for entry in *entries {
            let found = catalogue.iter().find(|feature| feature.name == entry.name);
            let Some(feature) = found else { continue };
            let wave = if needs_all(entry.name) { whole } else { clip };
            let shape = feature.spec.build(wave.rate())?.shape(wave.len());
            section(&mut page, entry, &capital(feature.summary));
            let _ = writeln!(
                page,
                "| shape | {} × {} × {} |",
                shape[0], shape[1], shape[2]
            );
            let recipe = recipe(feature, entry.set);
            let set = match entry.set {
                "" => String::new(),
                set => format!(" --set {set}"),
            };
            let _ = writeln!(page, "| in a recipe | `{recipe}` |");
            let _ = writeln!(
                page,
                "| program | `sarangi extract --feature {}{set} IN OUT` |",
                entry.name
            );
        }
    }
    let _ = write!(page, "\n## Plans that are not features\n");
    for (summary, entry) in PLANS {
        section(&mut page, entry, &capital(summary));
    }
    Ok(page)
}

/// A heading, a picture, and the rows that all have.
fn section(page: &mut String, entry: &Entry, summary: &str) {
    let Entry {
        name,
        spec,
        file,
        unit,
        like,
        ..
    } = entry;
    let _ = write!(
        page,
        "\n### {name}\n\n{summary}.\n\n![{summary}](images/features/{name}.png)\n\n| | |\n|---|---|\n\
         | type | [`{spec}`](../crates/sarangi-features/src/{file}) |\n\
         | the same as | {like} |\n| units | {unit} |\n"
    );
}

/// How a recipe asks for it, with a setting.
fn recipe(feature: &FeatureEntry, set: &str) -> String {
    let fields = serde_json::to_value(&feature.spec).unwrap_or_default();
    let name = fields["type"].as_str().unwrap_or_default();
    let mut recipe = format!("{{ type = \"{name}\"");
    // What tells it from the feature of that type, as the order tells the second derivative.
    let plain = FeatureSpec::from_name(&name.replace('_', "-"), Default::default());
    let plain = plain.ok().and_then(|spec| serde_json::to_value(spec).ok());
    for (key, value) in feature.parameters() {
        if plain.as_ref().is_some_and(|plain| plain[&key] != value) {
            let _ = write!(recipe, ", {key} = {value}");
        }
    }
    if let Some((key, value)) = set.split_once('=') {
        let _ = write!(recipe, ", {key} = {}", toml_value(value));
    }
    recipe + " }"
}

/// Names are quoted.
fn toml_value(text: &str) -> String {
    match text.parse::<f64>() {
        Err(_) if text != "true" => format!("\"{text}\""),
        _ => text.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}
