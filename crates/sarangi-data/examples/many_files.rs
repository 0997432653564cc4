//! How a large folder fares: synthesises so many tiny sounds, scans, splits, checks and loads them, and
//! says how long each takes and how much memory was needed.
//!
//! ```sh
//! cargo run --release -p sarangi-data --example many_files -- 100000
//! ```

use std::error::Error;
use std::io::{Write, stdout};
use std::time::Instant;

use rayon::prelude::*;
use sarangi_audio::{WavFormat, encode_wav};
use sarangi_core::{SampleRate, Seed, Spec, Waveform};
use sarangi_data::{
    BatchSpec, Chunks, Corpus, FeatureCache, FrontEndSpec, LeakPolicy, Listing, NormaliseSpec,
    Sampler, SplitSpec, for_each_batch,
};

const CLASSES: usize = 10;
const FRONT_END: &str = r#"{
    "rate": 8000,
    "chunk": { "seconds": 0.1 },
    "features": { "type": "mfcc", "n_mfcc": 8, "n_fft": 256, "hop_length": 128, "n_mels": 16 }
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).unwrap_or("10000".into()).parse()?;
    let root = tempfile::tempdir()?;
    let data = root.path().join("music");
    step("synthesise", || make(&data, count))?;

    let spec: FrontEndSpec = serde_json::from_str(FRONT_END)?;
    let front_end = spec.build(())?;
    let cache = FeatureCache::new(root.path().join("cache"));
    let listing = step("scan", || Ok(Listing::read(&data, front_end.kind())?))?;
    say(format_args!(
        "             {} files of {} classes",
        listing.files.len(),
        listing.labels.len()
    ));
    drop(listing);
    let prepare = || Ok(Corpus::prepare(&data, &front_end, &cache, |_, _| {})?);
    let corpus = step("features", prepare)?;
    drop(corpus);
    let corpus = step("features again", prepare)?;
    let spec = SplitSpec::default();
    let split = step("split", || Ok(spec.split(&corpus, Seed(1))?))?;
    let (split, leaks) = step("leak check", || {
        let prints = corpus.fingerprints(&front_end, &cache)?;
        Ok(LeakPolicy::Drop.judge(&spec, split.clone(), &corpus, &prints)?)
    })?;
    say(format_args!("             {} leaks", leaks.pairs().len()));

    let train = Chunks::new(&corpus, &cache, &split.train, front_end.shape());
    let normalisation = NormaliseSpec::None.fit(&train)?;
    let order = Sampler::Shuffle.order(&train.labels(), &mut Seed(1).rng(1, 0));
    let batches = BatchSpec {
        size: 64,
        normalisation: &normalisation,
        augment: None,
        ahead: 2,
    };
    let mut seen = 0;
    step("one epoch", || {
        for_each_batch(&train, &order, batches, |batch| {
            seen += batch.labels.len();
            Ok(())
        })?;
        Ok(())
    })?;
    say(format_args!("             {seen} chunks"));
    Ok(())
}

/// Noise of a tenth of a second, each file's its own.
fn make(folder: &std::path::Path, count: usize) -> Result<(), Box<dyn Error>> {
    let rate = SampleRate::new(8000)?;
    let write = |n: usize| {
        let name = format!("class{}/{n:06}.wav", n % CLASSES);
        let mut rng = Seed(7).named(&name);
        let samples = (0..800).map(|_| (rng.uniform() - 0.5) as f32).collect();
        encode_wav(
            folder.join(name),
            &Waveform::mono(samples, rate),
            WavFormat::Pcm16,
        )
    };
    (0..count).into_par_iter().try_for_each(write)?;
    Ok(())
}

fn step<T>(
    name: &str,
    work: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let start = Instant::now();
    let done = work()?;
    let seconds = start.elapsed().as_secs_f64();
    say(format_args!(
        "{name:<15} {seconds:8.2} s, peak memory {}",
        peak()
    ));
    Ok(done)
}

/// The most memory that this program has had so far, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.map_or("unknown".to_owned(), |kib| {
        format!("{:.0} MiB", kib / 1024.0)
    })
}

fn say(line: impl std::fmt::Display) {
    let _ = writeln!(stdout(), "{line}");
}
