//! What is found in a split that leaks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use ndarray::s;
use sarangi_audio::{DecodeOptions, WavFormat, decode, encode_wav};
use sarangi_core::{SampleRate, Seed, Spec, Waveform};
use sarangi_data::{
    Corpus, FeatureCache, Fingerprint, FrontEnd, FrontEndSpec, LeakPolicy, Part, Split, SplitSpec,
    near_duplicates,
};
use sarangi_testkit::fixture;

static FRONT_END: LazyLock<FrontEnd> = LazyLock::new(|| {
    let text = r#"{"features":{"type":"mfcc","n_mfcc":5},"chunk":{"seconds":3.0}}"#;
    let spec: FrontEndSpec = serde_json::from_str(text).unwrap();
    spec.build(()).unwrap()
});

struct Music {
    _root: tempfile::TempDir,
    corpus: Corpus,
    prints: Vec<Fingerprint>,
}

/// The fixture's tracks of two classes, and `more` beside them.
fn music(more: impl Fn(&Path)) -> Music {
    let root = tempfile::tempdir().unwrap();
    for class in ["pluck", "march"] {
        fs::create_dir_all(root.path().join(class)).unwrap();
        for entry in fs::read_dir(fixture("audio").join(class)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(
                &path,
                root.path().join(class).join(path.file_name().unwrap()),
            )
            .unwrap();
        }
    }
    more(root.path());
    let cache = FeatureCache::new(root.path().join("cache"));
    let corpus = Corpus::prepare(root.path(), &FRONT_END, &cache, |_, _| {}).unwrap();
    let prints = corpus.fingerprints(&FRONT_END, &cache).unwrap();
    // What the cache gives back is what was computed.
    let again = FRONT_END
        .fingerprint(root.path().join(&corpus.tracks[3].path))
        .unwrap();
    assert_eq!(prints[3], again);
    Music {
        _root: root,
        corpus,
        prints,
    }
}

/// A part of a track, half as loud, with some noise, at another rate.
fn excerpt(root: &Path, from: &str, to: &str) {
    let wave = decode(root.join(from), &DecodeOptions::default()).unwrap();
    let rate = wave.rate().hz() as usize;
    let samples = wave
        .samples()
        .slice(s![0, 2 * rate + 777..9 * rate])
        .to_owned();
    let mut rng = Seed(3).rng(0, 0);
    let samples = samples.mapv(|x| 0.5 * x + 0.002 * (rng.uniform() as f32 - 0.5));
    let wave = Waveform::mono(samples.to_vec(), wave.rate());
    let wave = sarangi_dsp::resample(&wave, SampleRate::new(16_000).unwrap()).unwrap();
    encode_wav(root.join(to), &wave, WavFormat::Pcm16).unwrap();
}

#[test]
fn different_music_has_no_near_duplicates() {
    let music = music(|_| {});
    assert_eq!(near_duplicates(&music.prints), []);
    let split = SplitSpec::default().split(&music.corpus, Seed(1)).unwrap();
    let judged = LeakPolicy::Refuse.judge(
        &SplitSpec::default(),
        split.clone(),
        &music.corpus,
        &music.prints,
    );
    let (same, leaks) = judged.unwrap();
    assert!(leaks.is_empty());
    assert_eq!(same, split);
}

#[test]
fn an_excerpt_under_another_label_is_found_and_refused_dropped_or_allowed() {
    let music = music(|root| excerpt(root, "pluck/pluck.000.wav", "march/zz.wav"));
    let corpus = &music.corpus;
    let number = |path: &str| corpus.tracks.iter().position(|t| t.path == path).unwrap();
    let (excerpt, whole) = (number("march/zz.wav"), number("pluck/pluck.000.wav"));
    let pairs = near_duplicates(&music.prints);
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert_eq!([pairs[0].first, pairs[0].second], [excerpt, whole]);
    assert!((pairs[0].offset - 2.03).abs() < 0.06, "{}", pairs[0].offset);

    // The excerpt trains, the whole tests.
    let items = |tracks: &[usize]| tracks.iter().flat_map(|&t| corpus.items_of(t)).collect();
    let others: Vec<usize> = (0..corpus.tracks.len()).filter(|&t| t != whole).collect();
    let split = Split {
        train: items(&others),
        valid: Vec::new(),
        test: items(&[whole]),
    };
    let spec = SplitSpec::default();
    let judge = |policy: LeakPolicy, spec: &SplitSpec| {
        policy.judge(spec, split.clone(), corpus, &music.prints)
    };
    let error = judge(LeakPolicy::Refuse, &spec).unwrap_err().to_string();
    for part in [
        "march/zz.wav",
        "pluck/pluck.000.wav",
        "`leaks`",
        "hold the same",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let (kept, leaks) = judge(LeakPolicy::Drop, &spec).unwrap();
    assert_eq!(leaks.pairs().len(), 1);
    assert!(
        kept.part(Part::Train)
            .iter()
            .all(|item| item.track != excerpt)
    );
    assert_eq!(kept.test, split.test);
    let (kept, leaks) = judge(LeakPolicy::Allow, &spec).unwrap();
    assert!(!leaks.is_empty() && kept == split);
    // A split that says what it is may do what it says.
    let leaky = SplitSpec::LeakyChunks {
        valid: 0.1,
        test: 0.2,
    };
    assert_eq!(judge(LeakPolicy::Refuse, &leaky).unwrap().0, split);
}

#[test]
fn artists_in_two_parts_are_leaks_where_a_list_puts_them_there() {
    let mut music = music(|_| {});
    let corpus = &mut music.corpus;
    for (number, track) in corpus.tracks.iter_mut().enumerate() {
        track.listed.artist = Some(format!("artist {}", number / 2));
    }
    // By itself the split keeps artists whole.
    let spec = SplitSpec::default();
    let split = spec.split(corpus, Seed(4)).unwrap();
    let judged = LeakPolicy::Refuse.judge(&spec, split.clone(), corpus, &music.prints);
    assert_eq!(judged.unwrap().0, split);
    for part in [Part::Train, Part::Valid, Part::Test] {
        assert!(!split.part(part).is_empty());
    }
    let first_last = SplitSpec::FirstLast {
        train: 7,
        valid: 0,
        test: None,
    };
    let split = first_last.split(corpus, Seed(4)).unwrap();
    let judged = LeakPolicy::Refuse.judge(&first_last, split, corpus, &music.prints);
    let error = judged.unwrap_err().to_string();
    assert!(error.contains("are of one recording or artist"), "{error}");
}
