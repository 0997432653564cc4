//! The page that shows every feature shows every feature.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sarangi_features::FeatureSpec;

#[path = "../examples/feature_gallery/base64.rs"]
mod base64;

/// All pictures together, in bytes: they are in every checkout.
const MOST: u64 = 1_500_000;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The sections of the page, by name.
fn sections(page: &str) -> Vec<(&str, &str)> {
    let sections = page.split("\n### ").skip(1);
    sections
        .filter_map(|section| section.split_once('\n'))
        .collect()
}

#[test]
fn every_feature_has_its_section_and_its_picture() {
    let page = fs::read_to_string(docs().join("features.md")).unwrap();
    let sections = sections(&page);
    for entry in FeatureSpec::catalogue() {
        let name = entry.name;
        let section = sections.iter().find(|(title, _)| *title == name);
        let (_, text) = section.unwrap_or_else(|| {
            panic!("{name} is not in docs/features.md: add it to the example feature_gallery")
        });
        let picture = format!("(images/features/{name}.png)");
        assert!(text.contains(&picture), "{name}: no picture in its section");
        for row in [
            "| type |",
            "| the same as |",
            "| units |",
            "| shape |",
            "| in a recipe |",
        ] {
            assert!(text.contains(row), "{name}: no {row}");
        }
    }
}

#[test]
fn every_picture_is_shown_once_and_small() {
    let page = fs::read_to_string(docs().join("features.md")).unwrap();
    let mut left: BTreeSet<PathBuf> = fs::read_dir(docs().join("images/features"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let mut total = 0;
    for (name, text) in sections(&page) {
        let path = docs().join(format!("images/features/{name}.png"));
        assert!(left.remove(&path), "{name}: {} is missing", path.display());
        assert!(text.contains(&format!("images/features/{name}.png")));
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        total += bytes.len() as u64;
    }
    assert!(left.is_empty(), "shown nowhere: {left:?}");
    assert!(total < MOST, "{total} bytes");
}

#[test]
fn what_the_page_links_to_is_there() {
    let page = fs::read_to_string(docs().join("features.md")).unwrap();
    let links: Vec<&str> = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link)
        .collect();
    assert!(links.len() > 80);
    for link in links {
        assert!(docs().join(link).exists(), "{link}");
    }
}

#[test]
fn what_the_page_tells_recipes_to_write_can_be_read() {
    let page = fs::read_to_string(docs().join("features.md")).unwrap();
    let mut read = 0;
    for (name, text) in sections(&page) {
        let Some((_, set)) = text.split_once(" --set ") else {
            continue;
        };
        let (key, value) = set.split_once(' ').unwrap().0.split_once('=').unwrap();
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        let settings = [(key.to_owned(), value)].into_iter().collect();
        let changed = FeatureSpec::from_name(name, settings).unwrap();
        let plain = FeatureSpec::from_name(name, Default::default()).unwrap();
        assert_ne!(changed, plain, "{name}: {key} changes nothing");
        read += 1;
    }
    assert!(read > 30);
}

#[test]
fn the_documentation_of_each_type_shows_its_picture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(docs().join("features.md")).unwrap();
    for (name, text) in sections(&page) {
        if !FeatureSpec::catalogue()
            .iter()
            .any(|entry| entry.name == name)
        {
            continue;
        }
        let png = fs::read(docs().join(format!("images/features/{name}.png"))).unwrap();
        let shown = fs::read_to_string(root.join(format!("pictures/{name}.html"))).unwrap();
        assert_eq!(shown, base64::picture(name, &png), "{name}");
        // Both derivatives are of one type.
        if name == "delta2" {
            continue;
        }
        let (_, link) = text.split_once("](../crates/sarangi-features/").unwrap();
        let file = root.join(link.split_once(')').unwrap().0);
        let source = fs::read_to_string(file).unwrap();
        assert!(source.contains(&format!("/pictures/{name}.html")), "{name}");
    }
}

#[test]
fn bytes_become_the_text_that_the_standard_gives() {
    let cases = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foobar", "Zm9vYmFy"),
    ];
    for (bytes, text) in cases {
        assert_eq!(base64::base64(bytes.as_bytes()), text);
    }
    assert_eq!(base64::base64(&[0xfb, 0xff]), "+/8=");
}
