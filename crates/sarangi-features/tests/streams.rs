//! Features of sound that comes piece by piece.
#![allow(clippy::unwrap_used, reason = "tests")]

use ndarray::{Array2, Axis, concatenate};
use proptest::prelude::*;
use sarangi_core::{Rng, SampleRate, Seed, Spec, Transform, Waveform};
use sarangi_features::{FeatureSpec, Streaming};
use serde_json::json;

const RATE: SampleRate = SampleRate::HZ_22050;

/// What can be streamed, each with frames of its own kind.
fn specs() -> Vec<FeatureSpec> {
    [
        json!({"type": "stft_magnitude"}),
        json!({"type": "power", "n_fft": 255, "hop_length": 400, "pad_mode": "reflect"}),
        json!({"type": "power", "n_fft": 300, "hop_length": 100, "center": false}),
        json!({"type": "log_spectrogram", "top_db": null}),
        json!({"type": "log_spectrogram", "top_db": null, "n_fft": 301, "pad_mode": "reflect"}),
        json!({"type": "mel", "n_mels": 40, "pad_mode": "edge"}),
        json!({"type": "log_mel", "top_db": null, "pad_mode": "reflect"}),
        json!({"type": "mfcc", "top_db": null}),
        json!({"type": "delta", "top_db": null}),
        json!({"type": "delta", "top_db": null, "width": 5, "order": 2, "mode": "mirror"}),
        json!({"type": "derivative", "of": "rms", "mode": "constant", "width": 3}),
        json!({"type": "onset", "top_db": null}),
        json!({"type": "onset", "top_db": null, "lag": 3, "max_size": 3, "detrend": true,
            "aggregate": "median", "channels": [10, 50], "hop_length": 300}),
        json!({"type": "chroma_stft", "tuning": 0.1}),
        json!({"type": "pcen"}),
        json!({"type": "rms"}),
        json!({"type": "rms", "frame_length": 100, "hop_length": 333, "pad_mode": "reflect"}),
        json!({"type": "zero_crossing_rate"}),
        json!({"type": "spectral_centroid"}),
        json!({"type": "spectral_bandwidth"}),
        json!({"type": "spectral_rolloff"}),
        json!({"type": "spectral_flatness"}),
        json!({"type": "spectral_contrast", "top_db": null}),
        json!({"type": "spectral_flux"}),
        json!({"type": "waveform"}),
        json!({"type": "yin", "frame_length": 1024}),
        json!({"type": "kaldi_fbank", "use_energy": true}),
        json!({"type": "kaldi_mfcc", "frame_shift": 30.0}),
    ]
    .map(|spec| serde_json::from_value(spec).unwrap())
    .into()
}

fn sound(seed: u64, len: usize) -> Vec<f32> {
    let mut rng: Rng = Seed(seed).named("stream");
    let swell = |n: usize| (n as f64 / 3000.0).sin();
    (0..len)
        .map(|n| (rng.normal() * 0.2 * swell(n)) as f32)
        .collect()
}

/// The map of a sound in pieces of the given lengths, over and over.
fn in_pieces(
    spec: &FeatureSpec,
    samples: &[f32],
    pieces: &[usize],
) -> sarangi_core::Result<Array2<f32>> {
    let mut stream = spec.stream(RATE)?;
    let mut map = Array2::zeros((stream.bins(), 0));
    let mut rest = samples;
    for &piece in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at(piece.min(rest.len()));
        map = concatenate(Axis(1), &[map.view(), stream.push(now)?.view()]).unwrap();
        rest = later;
    }
    Ok(concatenate(Axis(1), &[map.view(), stream.finish()?.view()]).unwrap())
}

fn assert_equal(spec: &FeatureSpec, samples: &[f32], pieces: &[usize]) {
    let whole = spec
        .build(RATE)
        .unwrap()
        .apply(&Waveform::mono(samples.to_vec(), RATE));
    let got = in_pieces(spec, samples, pieces);
    let (Ok(whole), Ok(got)) = (&whole, &got) else {
        // Too short for the one is too short for the other; no frame is no error of a stream.
        let none = got.as_ref().is_ok_and(|map| map.ncols() == 0);
        assert!(
            whole.is_err() && (got.is_err() || none),
            "{spec:?}: {whole:?} {got:?}"
        );
        return;
    };
    let whole = whole.index_axis(Axis(0), 0);
    assert_eq!(
        whole.dim(),
        got.dim(),
        "{spec:?} of {} samples",
        samples.len()
    );
    let peak = whole.iter().fold(1e-6f32, |m, x| m.max(x.abs()));
    for ((place, a), b) in whole.indexed_iter().zip(got) {
        assert!(
            (a - b).abs() <= 1e-6 * peak,
            "{spec:?} at {place:?}: {a} {b}"
        );
    }
}

#[test]
fn a_stream_gives_the_map_of_the_whole() {
    let samples = sound(1, 30_000);
    for spec in specs() {
        for pieces in [&[30_000][..], &[512], &[1, 4000, 7, 77, 12_000]] {
            assert_equal(&spec, &samples, pieces);
        }
    }
}

#[test]
fn short_sounds_are_no_exception() {
    for spec in specs() {
        for len in [0, 1, 2, 100, 1023, 1024, 1025, 3000, 4500] {
            assert_equal(&spec, &sound(2, len), &[400]);
        }
    }
}

#[test]
fn frames_come_as_soon_as_their_sound_has() {
    let mut stream = specs()[0].stream(RATE).unwrap();
    let silence = [0.0; 512];
    // Frame 0 sees samples up to 1,023.
    assert_eq!(stream.push(&silence).unwrap().ncols(), 0);
    assert_eq!(stream.push(&silence).unwrap().ncols(), 1);
    for _ in 0..200 {
        assert_eq!(stream.push(&silence).unwrap().dim(), (1025, 1));
    }
}

#[test]
fn what_cannot_be_streamed_says_why() {
    let reason = |spec| {
        let spec: FeatureSpec = serde_json::from_value(spec).unwrap();
        spec.stream(RATE).unwrap_err().to_string()
    };
    let top_db = reason(json!({"type": "log_mel"}));
    assert!(
        top_db.starts_with("log_mel: top_db: cannot follow"),
        "{top_db}"
    );
    let max = json!({"type": "log_spectrogram", "top_db": null, "ref": "max"});
    assert!(reason(max).starts_with("log_spectrogram: ref"));
    assert!(reason(json!({"type": "mfcc", "top_db": null, "ref": "max"})).starts_with("mfcc: ref"));
    assert!(reason(json!({"type": "chroma_stft"})).starts_with("chroma_stft: tuning"));
    assert!(reason(json!({"type": "delta", "top_db": null, "mode": "wrap"})).contains("mode"));
    // Everything either streams or refuses in words.
    for entry in FeatureSpec::catalogue() {
        if let Err(error) = entry.spec.stream(RATE) {
            assert!(
                error.to_string().contains("cannot follow a sound"),
                "{error}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn pieces_of_any_size_give_the_same(
        spec in 0usize..specs().len(),
        len in 0usize..9000,
        pieces in prop::collection::vec(1usize..3000, 1..5),
        seed in any::<u64>(),
    ) {
        assert_equal(&specs()[spec], &sound(seed, len), &pieces);
    }
}
