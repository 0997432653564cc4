//! Folders of pictures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use sarangi_core::{Seed, Spec};
use sarangi_data::{Chunks, Normalisation};
use sarangi_data::{Corpus, FeatureCache, FrontEndSpec, NormaliseSpec, SplitSpec};
use sarangi_testkit::{fixture, goldens};

fn spec(text: &str) -> FrontEndSpec {
    serde_json::from_str(text).unwrap()
}

#[test]
fn pictures_are_those_of_torchvision() {
    let mut count = 0;
    for golden in goldens("pictures") {
        let spec: FrontEndSpec = serde_json::from_value(golden.spec["front_end"].clone()).unwrap();
        let source = golden.spec["source"].as_str().unwrap();
        let maps = spec.build(()).unwrap().maps(fixture(source)).unwrap();
        golden.assert_close("map", maps.index_axis(ndarray::Axis(0), 0).into_dyn());
        count += 1;
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn grey_is_one_channel() {
    let spec = spec(r#"{"type":"picture","size":[61,97],"colour":"grey"}"#);
    let front_end = spec.build(()).unwrap();
    assert_eq!(front_end.shape(), [1, 61, 97]);
    let maps = front_end.maps(fixture("images/grey.png")).unwrap();
    assert_eq!(maps.dim(), (1, 1, 61, 97));
    let (low, high) = maps
        .iter()
        .fold((1.0f32, 0.0f32), |(l, h), &x| (l.min(x), h.max(x)));
    assert!(low < 0.05 && high > 0.9 && high <= 1.0, "{low} {high}");
}

#[test]
fn windows_are_chunks_of_the_whole() {
    let whole = spec(r#"{"type":"picture","size":[20,50]}"#)
        .build(())
        .unwrap();
    let cut = spec(r#"{"type":"picture","size":[20,50],"window":16,"hop":8}"#);
    let cut = cut.build(()).unwrap();
    let path = fixture("images/coloured.png");
    let (whole, chunks) = (whole.maps(&path).unwrap(), cut.maps(&path).unwrap());
    assert_eq!(chunks.dim(), (5, 3, 20, 16));
    assert_eq!(cut.shape(), [3, 20, 16]);
    let third = whole.slice(ndarray::s![0, .., .., 16..32]);
    assert_eq!(chunks.index_axis(ndarray::Axis(0), 2), third);
}

#[test]
fn senseless_sizes_are_named() {
    for (text, field) in [
        (r#"{"type":"picture","size":[0,8]}"#, "size"),
        (r#"{"type":"picture","size":[8,9000]}"#, "size"),
        (
            r#"{"type":"picture","size":[64,64],"shorter":32}"#,
            "shorter",
        ),
        (r#"{"type":"picture","size":[64,64],"window":65}"#, "window"),
        (r#"{"type":"picture","size":[64,64],"hop":8}"#, "hop"),
    ] {
        let error = spec(text).build(()).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
    // What depends on the file is an error of the file.
    let front_end = spec(r#"{"type":"picture","size":[32,90],"shorter":40}"#)
        .build(())
        .unwrap();
    let error = front_end
        .maps(fixture("images/coloured.png"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("coloured.png") && error.contains("too little"),
        "{error}"
    );
}

/// Pictures of two classes, their pixels noise that the name draws.
fn folder(root: &Path, per_class: usize) {
    for class in ["dark", "light"] {
        fs::create_dir_all(root.join(class)).unwrap();
        for n in 0..per_class {
            let name = format!("{class}/{n}.png");
            let mut rng = Seed(5).named(&name);
            let picture = image::GrayImage::from_fn(24, 24, |_, _| {
                image::Luma([rng.below(128) as u8 + 127 * u8::from(class == "light")])
            });
            picture.save(root.join(name)).unwrap();
        }
    }
}

#[test]
fn a_folder_of_pictures_is_a_corpus_and_broken_ones_are_set_aside() {
    let root = tempfile::tempdir().unwrap();
    folder(root.path(), 6);
    fs::write(root.path().join("dark/broken.png"), b"\x89PNG\r\n\x1a\nno").unwrap();
    let whole = fs::read(root.path().join("light/0.png")).unwrap();
    fs::write(
        root.path().join("light/half.png"),
        &whole[..whole.len() / 2],
    )
    .unwrap();
    fs::write(root.path().join("light/text.jpg"), b"hello").unwrap();
    fs::write(root.path().join("light/sound.wav"), b"not looked at").unwrap();
    let cache = FeatureCache::new(root.path().join("cache"));
    let front_end = spec(r#"{"type":"picture","size":[16,16]}"#)
        .build(())
        .unwrap();
    let corpus = Corpus::prepare(root.path(), &front_end, &cache, |_, _| {}).unwrap();
    assert_eq!(corpus.labels, ["dark", "light"]);
    assert_eq!(corpus.tracks.len(), 12);
    let aside: Vec<_> = corpus
        .quarantine
        .entries()
        .iter()
        .map(|e| e.path.as_str())
        .collect();
    assert_eq!(
        aside,
        ["dark/broken.png", "light/half.png", "light/text.jpg"]
    );
    for entry in corpus.quarantine.entries() {
        assert!(!entry.reason.contains('\n'), "{}", entry.reason);
    }

    let split = SplitSpec::default().split(&corpus, Seed(1)).unwrap();
    let prints = corpus.fingerprints(&front_end, &cache).unwrap();
    assert!(sarangi_data::near_duplicates(&prints).is_empty());
    let train = Chunks::new(&corpus, &cache, &split.train, front_end.shape());
    let half = NormaliseSpec::Half.fit(&train).unwrap();
    let expected = Normalisation::Standardise {
        mean: vec![0.5; 3],
        deviation: vec![0.5; 3],
    };
    assert_eq!(half, expected);
    assert!(NormaliseSpec::Imagenet.fit(&train).is_ok());
}

#[test]
fn a_picture_that_was_resized_or_saved_again_is_known() {
    let root = tempfile::tempdir().unwrap();
    folder(root.path(), 3);
    let original = image::open(fixture("images/coloured.png")).unwrap();
    original.save(root.path().join("dark/a.png")).unwrap();
    let smaller = original.resize_exact(80, 50, image::imageops::FilterType::Triangle);
    smaller
        .to_rgb8()
        .save(root.path().join("light/b.jpg"))
        .unwrap();
    let cache = FeatureCache::new(root.path().join("cache"));
    let front_end = spec(r#"{"type":"picture","size":[61,97]}"#)
        .build(())
        .unwrap();
    let corpus = Corpus::prepare(root.path(), &front_end, &cache, |_, _| {}).unwrap();
    let prints = corpus.fingerprints(&front_end, &cache).unwrap();
    let pairs = sarangi_data::near_duplicates(&prints);
    let named: Vec<_> = pairs
        .iter()
        .map(|p| [p.first, p.second].map(|t| corpus.tracks[t].path.as_str()))
        .collect();
    assert_eq!(named, [["dark/a.png", "light/b.jpg"]]);
}
