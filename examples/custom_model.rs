//! A network of your own, made of the libraries' layers and trained step by step.
//!
//! It is what a recipe does, written out: features of every clip in `fixtures/audio`, a split in which no
//! clip trains and tests, batches, steps, and the table of what clips it has not heard are told. The
//! network is one residual block between two convolutions that halve.
//!
//! ```text
//! cargo run --release --example custom_model
//! ```

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use sarangi::audio::ChunkSpec;
use sarangi::core::{IntoTensor, Result};
use sarangi::data::{
    BatchSpec, Chunks, Corpus, FeatureCache, FrontEnd, FrontEndSpec, LeakPolicy, NormaliseSpec,
    Sampler, SoundSpec, SplitSpec, for_each_batch,
};
use sarangi::eval::{Evaluation, Pooling};
use sarangi::features::{Analysis, LogMelSpec, MelBands};
use sarangi::nn::{
    BatchNorm, Conv2d, Conv2dSpec, CrossEntropy, Dropout, Linear, MaxPool2d, Mode, Model, Params,
    Targets, Value, add_relu, cross_entropy, global_avg_pool2d, relu,
};
use sarangi::prelude::*;
use sarangi::train::{Optimiser, OptimiserSpec, score};

/// Keeps the large buffers of training instead of giving them back to the kernel in every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the network hears: log-mel spectrograms of 3 s, (1, 40, 65).
fn front_end() -> Result<FrontEnd> {
    let features = LogMelSpec {
        bands: MelBands {
            n_mels: 40,
            ..MelBands::default()
        },
        analysis: Analysis {
            hop_length: 1024,
            ..Analysis::default()
        },
        ..LogMelSpec::default()
    };
    let spec = SoundSpec {
        rate: SampleRate::HZ_22050,
        max_seconds: 600.0,
        chunk: ChunkSpec::default(),
        features: FeatureSpec::LogMel(features),
    };
    FrontEndSpec::Sound(spec).build(())
}

/// A convolution and its norm.
struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
}

impl ConvNorm {
    /// The names given to `sub` become those of the weights, as in torch's `state_dict`; a weight's first
    /// values depend on its name and the seed alone.
    fn new(params: &Params, from: usize, to: usize) -> Result<Self> {
        let spec = Conv2dSpec {
            // The norm has one.
            bias: false,
            ..Conv2dSpec::same(from, to, 3)
        };
        Ok(Self {
            conv: Conv2d::new(&params.sub("conv"), spec)?,
            norm: BatchNorm::new(&params.sub("norm"), to, Default::default())?,
        })
    }

    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        self.norm.forward(&self.conv.forward(xs)?, mode)
    }
}

/// The network.
struct Listener {
    stem: ConvNorm,
    block: [ConvNorm; 2],
    wide: ConvNorm,
    dropout: Dropout,
    head: Linear,
}

impl Listener {
    fn new(params: &Params, channels: usize, classes: usize) -> Result<Self> {
        Ok(Self {
            stem: ConvNorm::new(&params.sub("stem"), channels, 16)?,
            block: [
                ConvNorm::new(&params.sub("block.0"), 16, 16)?,
                ConvNorm::new(&params.sub("block.1"), 16, 16)?,
            ],
            wide: ConvNorm::new(&params.sub("wide"), 16, 32)?,
            dropout: Dropout { p: 0.2 },
            head: Linear::new(&params.sub("head"), 32, classes)?,
        })
    }
}

/// All that must be written of a network is how it runs; its gradients are the layers'.
impl Model for Listener {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let halve = MaxPool2d::square(2);
        let xs = relu(&self.stem.forward(xs, mode.reborrow())?)?;
        let xs = halve.forward(&xs)?;
        let ys = relu(&self.block[0].forward(&xs, mode.reborrow())?)?;
        let ys = self.block[1].forward(&ys, mode.reborrow())?;
        let xs = halve.forward(&add_relu(&ys, &xs)?)?;
        let xs = relu(&self.wide.forward(&xs, mode.reborrow())?)?;
        let xs = global_avg_pool2d(&xs)?;
        self.head.forward(&self.dropout.forward(&xs, mode)?)
    }
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    run(&root, &target.join("custom_model"), 12).map(|_| ())
}

/// The share of clips told right that neither trained nor chose anything.
fn run(root: &Path, out: &Path, epochs: u64) -> anyhow::Result<f64> {
    let seed = Seed(1);
    let front_end = front_end()?;
    let cache = FeatureCache::new(out.join("cache"));
    let corpus = Corpus::prepare(root.join("fixtures/audio"), &front_end, &cache, |_, _| {})?;
    let split_spec = SplitSpec::Track {
        valid: 0.0,
        test: 0.25,
    };
    let (split, _) = LeakPolicy::Refuse.split(&split_spec, &corpus, seed, &front_end, &cache)?;
    let train = Chunks::new(&corpus, &cache, &split.train, front_end.shape());
    let test = Chunks::new(&corpus, &cache, &split.test, front_end.shape());
    let normalisation = NormaliseSpec::Standardise.fit(&train)?;

    let device = Backend::Auto.device()?;
    let params = Params::new(seed.child("weights"), &device);
    let [channels, ..] = front_end.shape();
    let network = Listener::new(&params, channels, corpus.labels.len())?;
    say(format_args!("{} numbers learn", params.trainable_count()));

    let adam = OptimiserSpec::default();
    let mut optimiser = Optimiser::new(&adam, &params)?;
    for epoch in 0..epochs {
        let order = Sampler::Shuffle.order(&train.labels(), &mut seed.child("order").rng(epoch, 0));
        let batches = BatchSpec {
            size: 16,
            normalisation: &normalisation,
            augment: None,
            ahead: 2,
        };
        let (mut sum, mut step) = (0.0, 0);
        for_each_batch(&train, &order, batches, |batch| {
            let xs = Value::tracked(&batch.features.into_tensor(&device)?)?;
            step += 1;
            let mut rng = seed.child("dropout").rng(epoch, step);
            let logits = network.forward(&xs, Mode::Train(&mut rng))?;
            let targets = Targets::Classes(&batch.labels);
            let loss = cross_entropy(&logits, targets, &CrossEntropy::default())?;
            sum += loss.scalar()?;
            optimiser.step(&loss.backward()?, adam.lr())
        })?;
        say(format_args!(
            "epoch {:>2}  loss {:.3}",
            epoch + 1,
            sum / step as f32
        ));
    }

    let (_, predictions) = score(&network, &device, &corpus, &test, &normalisation)?;
    let evaluation = Evaluation::of(&predictions, Pooling::default());
    say(format_args!("\n{evaluation}"));
    Ok(evaluation.track.accuracy)
}

fn say(text: impl std::fmt::Display) {
    let _ = writeln!(stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_network_learns() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let out = tempfile::tempdir().unwrap();
        let right = super::run(&root, out.path(), 6).unwrap();
        // 9 of 12 clips; other instruction sets round otherwise.
        assert!(right > 0.5, "{right}");
    }
}
