//! A feature of your own, straight to a network.
//!
//! The feature is how the loudness of each band beats: the energy of 12 bands, from frame to frame,
//! held against oscillations of 1 to 12 Hz. It is no part of the libraries, but what they call a
//! [`Feature`]: a plan that any thread may run, whose shape is known before it does. The network is
//! the simplest there is, a softmax regression; it learns to tell four textures apart from eight clips of
//! each and is asked about four other clips of each (`fixtures/audio`). Chance is 25 %.
//!
//! ```text
//! cargo run --release --example custom_feature
//! ```

use std::f64::consts::TAU;
use std::io::{Write, stdout};
use std::path::Path;

use sarangi::audio::ChunkSpec;
use sarangi::audio::audio_files;
use sarangi::core::{Dataset, Error, IntoTensor, Result};
use sarangi::data::{BatchSpec, Example, Item, Normalisation, Sampler, for_each_batch};
use sarangi::dsp::{Stft, StftSpec};
use sarangi::models::{ModelContext, SoftmaxRegressionSpec};
use sarangi::nn::{CrossEntropy, Mode, Model, Params, Targets, Value, cross_entropy, softmax};
use sarangi::prelude::*;
use sarangi::train::{Optimiser, OptimiserSpec};

const TEXTURES: [&str; 4] = ["drone", "march", "pluck", "pulse"];
const RATE: SampleRate = SampleRate::HZ_22050;

/// How strongly the loudness of each band swings at each speed: (1, bands, speeds), each from 0 to 1.
struct Beating {
    spectrum: Stft,
}

impl Beating {
    const BANDS: usize = 12;
    /// In Hz.
    const SPEEDS: [f64; 12] = [
        1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
    ];

    fn new() -> Result<Self> {
        let spec = StftSpec {
            n_fft: 1024,
            hop_length: Some(512),
            ..StftSpec::default()
        };
        let spectrum = spec.build(())?;
        Ok(Self { spectrum })
    }

    /// The bins of a band; each is half an octave wide, the highest ends at half the rate.
    fn bins(&self, band: usize) -> std::ops::Range<usize> {
        let top = self.spectrum.bins() as f64;
        let edge = |band: usize| top * 2f64.powf(0.5 * (band as f64 - Self::BANDS as f64));
        edge(band) as usize..edge(band + 1).max(edge(band) + 1.0) as usize
    }
}

impl Transform<Waveform> for Beating {
    type Out = FeatureMap;

    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        let power = self.spectrum.power(wave.channel(0)?)?;
        let seconds = self.spectrum.hop_length() as f64 / wave.rate().as_f64();
        let mut map = FeatureMap::zeros(self.shape(wave.len()));
        for band in 0..Self::BANDS {
            // How loud the band is in each frame.
            let loudness: Vec<f64> = power
                .columns()
                .into_iter()
                .map(|frame| self.bins(band).map(|bin| f64::from(frame[bin])).sum())
                .map(f64::sqrt)
                .collect();
            let mean = loudness.iter().sum::<f64>() / loudness.len() as f64;
            for (n, speed) in Self::SPEEDS.iter().enumerate() {
                let (mut re, mut im, mut all) = (0.0, 0.0, f64::MIN_POSITIVE);
                for (frame, loud) in loudness.iter().enumerate() {
                    let (sin, cos) = (TAU * speed * frame as f64 * seconds).sin_cos();
                    re += (loud - mean) * cos;
                    im += (loud - mean) * sin;
                    all += loud;
                }
                map[[0, band, n]] = (f64::hypot(re, im) / all) as f32;
            }
        }
        Ok(map)
    }
}

impl Feature for Beating {
    fn shape(&self, _samples: usize) -> [usize; 3] {
        [1, Self::BANDS, Self::SPEEDS.len()]
    }
}

/// Chunks with their features; any [`Dataset`] of [`Example`]s can be trained on.
#[derive(Default)]
struct Clips(Vec<Example>);

impl Dataset for Clips {
    type Item = Example;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Result<Example> {
        let example = self.0.get(index).cloned();
        example.ok_or_else(|| Error::shape("clips", format!("below {}", self.len()), index))
    }
}

fn main() -> anyhow::Result<()> {
    run().map(|_| ())
}

/// The share of chunks of other clips that are told right.
fn run() -> anyhow::Result<f64> {
    let feature = Beating::new()?;
    let (mut known, mut other) = (Clips::default(), Clips::default());
    for (label, texture) in TEXTURES.iter().enumerate() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/audio");
        for (track, path) in audio_files(folder.join(texture))?.into_iter().enumerate() {
            // A clip is known or not; its chunks never part.
            let clips = if track < 8 { &mut known } else { &mut other };
            let wave = load(path, RATE, &DecodeOptions::default())?;
            let chunks = ChunkSpec::default().build(RATE)?;
            for (chunk, wave) in chunks.cut(&wave).enumerate() {
                clips.0.push(Example {
                    features: feature.apply(&wave)?,
                    label,
                    item: Item { track, chunk },
                });
            }
        }
    }

    let device = Backend::Cpu.device()?;
    let params = Params::new(Seed(1), &device);
    let [in_channels, bands, speeds] = feature.shape(0);
    let spec = SoftmaxRegressionSpec {
        size: [bands, speeds],
    };
    let network = spec.build(ModelContext {
        params: &params,
        in_channels,
        classes: TEXTURES.len(),
    })?;
    say(format_args!(
        "{} chunks of {bands} bands × {speeds} speeds train {} numbers",
        known.len(),
        params.trainable_count()
    ));

    let adam = OptimiserSpec::default();
    let mut optimiser = Optimiser::new(&adam, &params)?;
    let batches = BatchSpec {
        size: 16,
        // It is from 0 to 1 as it is.
        normalisation: &Normalisation::None,
        augment: None,
        ahead: 2,
    };
    let labels: Vec<usize> = known.0.iter().map(|example| example.label).collect();
    for epoch in 0..60 {
        let order = Sampler::Shuffle.order(&labels, &mut Seed(2).rng(epoch, 0));
        for_each_batch(&known, &order, batches, |batch| {
            let xs = Value::tracked(&batch.features.into_tensor(&device)?)?;
            // A softmax regression draws nothing at random, but another network might.
            let logits = network.forward(&xs, Mode::Train(&mut Seed(3).rng(epoch, 0)))?;
            let targets = Targets::Classes(&batch.labels);
            let loss = cross_entropy(&logits, targets, &CrossEntropy::default())?;
            optimiser.step(&loss.backward()?, 10.0 * adam.lr())
        })?;
    }

    let mut right = [0; TEXTURES.len()];
    let mut asked = [0; TEXTURES.len()];
    let order: Vec<usize> = (0..other.len()).collect();
    for_each_batch(&other, &order, batches, |batch| {
        let xs = Value::new(&batch.features.into_tensor(&device)?)?;
        let rows = softmax(&network.forward(&xs, Mode::Eval)?)?.tensor()?;
        let rows = rows
            .to_vec2::<f32>()
            .map_err(|e| Error::backend("read", e))?;
        for (row, &label) in rows.iter().zip(&batch.labels) {
            let label = label as usize;
            asked[label] += 1;
            right[label] += usize::from(sarangi::eval::arg_max(row) == label);
        }
        Ok(())
    })?;
    say("Chunks of clips that it has not heard, told right:");
    for ((texture, right), asked) in TEXTURES.iter().zip(right).zip(asked) {
        say(format_args!("  {texture:<6} {right:>2} of {asked}"));
    }
    Ok(right.iter().sum::<usize>() as f64 / other.len() as f64)
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_feature_tells_textures_apart() {
        let right = super::run().unwrap();
        // 49 of 68 chunks; other instruction sets round otherwise.
        assert!(right > 0.6, "{right}");
    }
}
