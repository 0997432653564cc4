//! Files, batches, streams and embeddings of one model file.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::path::PathBuf;

use proptest::prelude::*;
use sarangi_core::{Backend, Error, SampleRate, Stop, Waveform};
use sarangi_testkit::fixture;
use sarangi_train::{Classification, Classifier, EmbeddingIndex, ModelFile};

const MODEL: &str = "checkpoints/v1/quickstart.safetensors";

fn classifier() -> Classifier {
    Classifier::load(fixture(MODEL), Backend::Cpu).unwrap()
}

fn unseen() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(fixture("unseen"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_unstable();
    files
}

fn wave(classifier: &Classifier, file: &PathBuf) -> Waveform {
    let reader = std::fs::File::open(file).unwrap();
    classifier.hear(reader, file, &Stop::new()).unwrap()
}

/// Asserts that two answers are the same, but for how a network rounds.
#[track_caller]
fn assert_same(a: &Classification, b: &Classification) {
    let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
    assert!(
        a.label == b.label && near(a.confidence, b.confidence),
        "{a:?} {b:?}"
    );
    assert_eq!(a.chunks.len(), b.chunks.len());
    for (a, b) in a.chunks.iter().zip(&b.chunks) {
        assert_eq!((a.start, a.end, &a.label), (b.start, b.end, &b.label));
        let pairs = a.probabilities.iter().zip(&b.probabilities);
        assert!(pairs.into_iter().all(|(a, b)| near(*a, *b)), "{a:?} {b:?}");
    }
}

#[test]
fn files_together_get_the_answers_that_each_gets_alone() {
    let classifier = classifier();
    let mut files = unseen();
    let broken = PathBuf::from("nowhere/at-all.mp3");
    files.insert(1, broken.clone());
    // More than one group on any number of threads.
    let files: Vec<PathBuf> = files.iter().cycle().take(80).cloned().collect();
    let mut places = Vec::new();
    classifier
        .classify_files(&files, &Stop::new(), |n, answer| {
            places.push(n);
            if files[n] == broken {
                let error = answer.unwrap_err().to_string();
                assert!(error.contains("at-all.mp3"), "{error}");
            } else {
                let alone = classifier.classify_file(&files[n]).unwrap();
                assert_same(&answer.unwrap(), &alone);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(places, (0..80).collect::<Vec<_>>());

    let stop = Stop::new();
    let mut seen = 0;
    let outcome = classifier.classify_files(&files, &stop, |_, _| {
        seen += 1;
        stop.ask();
        Ok(())
    });
    assert!(matches!(outcome, Err(Error::Stopped { .. })), "{outcome:?}");
    assert!(seen < 80);
}

#[test]
fn work_that_is_stopped_says_so() {
    let classifier = classifier();
    let stop = Stop::new();
    stop.ask();
    let file = &unseen()[0];
    let wave = wave(&classifier, file);
    for outcome in [
        classifier.prepare(&wave, &stop),
        classifier.prepare_file(file, &stop),
    ] {
        assert!(matches!(outcome, Err(Error::Stopped { .. })), "{outcome:?}");
    }
    let error = classifier.prepare_picture(b"x", "x.png", &Stop::new());
    assert!(matches!(error, Err(Error::Config { .. })), "{error:?}");
}

#[test]
fn chunks_that_begin_closer_together_hear_more() {
    let file = &unseen()[0];
    let plain = classifier().classify_file(file).unwrap();
    let dense = classifier().with_hop(0.5).unwrap();
    let dense = dense.classify_file(file).unwrap();
    assert!(dense.chunks.len() > plain.chunks.len());
    assert_eq!(dense.chunks[1].start, 0.5);
    assert_eq!(dense.chunks[0].label, plain.chunks[0].label);
    for wrong in [0.0, -1.0, 3.5, f64::NAN] {
        let error = classifier().with_hop(wrong).unwrap_err().to_string();
        assert!(
            error.contains("prediction: hop: must be 0.001 to 3 s"),
            "{error}"
        );
    }
}

#[test]
fn an_answer_below_the_threshold_is_not_sure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut file = ModelFile::read(fixture(MODEL)).unwrap();
    for (threshold, sure) in [(0.0, true), (1.0, false)] {
        file.card.threshold = Some(threshold);
        file.write(&path).unwrap();
        let classifier = Classifier::load(&path, Backend::Cpu).unwrap();
        let answer = classifier.classify_file(&unseen()[0]).unwrap();
        assert_eq!(answer.sure, sure);
    }
    file.card.threshold = Some(1.5);
    file.write(&path).unwrap();
    let error = Classifier::load(&path, Backend::Cpu)
        .unwrap_err()
        .to_string();
    assert!(error.contains("threshold"), "{error}");
}

#[test]
fn a_track_is_its_own_nearest_neighbour() {
    let classifier = classifier();
    let mut tracks = Vec::new();
    classifier
        .embed_files(&unseen(), &Stop::new(), |n, embedding| {
            tracks.push((n.to_string(), embedding.unwrap()));
            Ok(())
        })
        .unwrap();
    for (_, embedding) in &tracks {
        assert_eq!(embedding.len(), 128);
        let length: f32 = embedding.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
    let index = EmbeddingIndex::new("m", tracks.clone()).unwrap();
    for (name, embedding) in &tracks {
        let found = index.nearest(embedding, 2).unwrap();
        assert_eq!(&found[0].name, name);
        assert!(found[0].cosine > 0.9999 && found[1].cosine < found[0].cosine);
    }
}

/// What a listener says of a sound that comes in such pieces.
fn listen(
    classifier: &Classifier,
    sound: &Waveform,
    pieces: &[usize],
) -> (Vec<f64>, Classification) {
    let mut listener = classifier.listen(sound.rate()).unwrap();
    let mut seconds = Vec::new();
    let (mut at, mut sizes) = (0, pieces.iter().cycle());
    while at < sound.len() {
        let len = (*sizes.next().unwrap()).min(sound.len() - at);
        let updates = listener.push(&sound.window(at, len)).unwrap();
        seconds.extend(updates.iter().map(|update| update.seconds));
        at += len;
    }
    (seconds, listener.finish().unwrap())
}

#[test]
fn a_listener_says_something_each_second_and_the_same_of_a_part_as_of_a_file() {
    let classifier = classifier();
    let sound = wave(&classifier, &unseen()[0]);
    let (seconds, _) = listen(&classifier, &sound, &[1000]);
    let expected: Vec<f64> = (1..=sound.len() / 22_050).map(|s| s as f64).collect();
    assert_eq!(seconds, expected);

    let short = sound.window(0, 40_000);
    let (seconds, whole) = listen(&classifier, &short, &[777]);
    assert_eq!(seconds, [1.0]);
    assert_eq!(whole, classifier.classify(&short).unwrap());
    let mut listener = classifier.listen(sound.rate()).unwrap();
    let updates = listener.push(&sound.window(0, 22_050)).unwrap();
    let second = classifier.classify(&sound.window(0, 22_050)).unwrap();
    assert_eq!(updates[0].so_far, second);

    let silent = classifier.listen(sound.rate()).unwrap();
    assert!(silent.finish().is_err());
    let other = Waveform::mono(vec![0.0; 10], SampleRate::HZ_44100);
    assert!(
        classifier
            .listen(sound.rate())
            .unwrap()
            .push(&other)
            .is_err()
    );
}

#[test]
fn a_listener_with_a_short_memory_forgets() {
    let classifier = classifier();
    let sound = wave(&classifier, &unseen()[0]);
    let mut listener = classifier.listen(sound.rate()).unwrap().with_memory(2.0);
    let updates = listener.push(&sound).unwrap();
    let last = updates.last().unwrap();
    assert_eq!(last.so_far.chunks.len(), 2);
    assert_eq!(last.so_far.chunks[1], last.now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_stream_in_any_pieces_gives_the_answer_of_the_whole(
        file in 0usize..4,
        pieces in prop::collection::vec(1usize..60_000, 1..6),
        len in 66_150usize..140_000,
        faster: bool,
    ) {
        let classifier = classifier();
        let sound = wave(&classifier, &unseen()[file]);
        let sound = sound.window(0, len.min(sound.len()));
        let rate = SampleRate::new(if faster { 32_000 } else { 22_050 }).unwrap();
        let incoming = sarangi_dsp::resample(&sound, rate).unwrap();
        let (_, streamed) = listen(&classifier, &incoming, &pieces);
        let heard = sarangi_dsp::resample(&incoming, sound.rate()).unwrap();
        let whole = self::classifier().with_hop(1.0).unwrap().classify(&heard).unwrap();
        assert_same(&streamed, &whole);
    }
}
