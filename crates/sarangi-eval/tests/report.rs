//! The pages: that they are whole, need nothing else, and let no name become markup.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use roxmltree::{Document, Node, ParsingOptions};
use sarangi_core::Seed;
use sarangi_eval::{
    ClassCounts, ClassSample, ComparedRun, ComparisonReport, EpochPoint, Fact, GalleryItem,
    Pooling, Prediction, Predictions, ReportPart, RunReport, Warning,
};

/// A name that would do harm if it were taken for markup, a command or an address.
const HOSTILE: &str = "</title><script>alert('x')</script>\"&'<img src=http://a.b>\u{202e}\u{0}";

fn predictions(labels: &[&str], seed: u64) -> Predictions {
    let mut rng = Seed(seed).named("report");
    let mut chunks = Vec::new();
    for track in 0..24 {
        for _ in 0..3 {
            let truth = track % labels.len();
            let mut p: Vec<f32> = labels.iter().map(|_| rng.uniform() as f32 + 0.05).collect();
            p[truth] += rng.uniform() as f32;
            let sum: f32 = p.iter().sum();
            chunks.push(Prediction {
                track: format!("{track:02} {HOSTILE}"),
                truth,
                probabilities: p.iter().map(|p| p / sum).collect(),
            });
        }
    }
    Predictions::new(labels.iter().map(|&l| l.into()).collect(), chunks).unwrap()
}

fn report() -> RunReport {
    let labels = [HOSTILE, "भैरवी", "forró"];
    let epoch = |epoch: usize| EpochPoint {
        epoch,
        train_loss: 2.0 / epoch as f64,
        train_accuracy: 0.5,
        valid_loss: (epoch != 2).then_some(f64::NAN),
        valid_accuracy: Some(0.4),
    };
    let item = |truth: &str| GalleryItem {
        track: HOSTILE.into(),
        truth: truth.into(),
        top: vec![(HOSTILE.into(), 0.75), ("forró".into(), f32::NAN)],
        spectrogram: Some(vec![1, 2, 3]),
        overlay: Some(vec![4, 5]),
        sound: Some(vec![6]),
    };
    RunReport {
        title: HOSTILE.into(),
        warnings: vec![Warning::Leak(HOSTILE.into()), Warning::Note(HOSTILE.into())],
        parts: ["test", "validation"]
            .map(|part| ReportPart::of(part, &predictions(&labels, 1), Pooling::Vote))
            .into(),
        history: (1..=3).map(epoch).collect(),
        class_counts: Some(ClassCounts {
            labels: labels.map(String::from).into(),
            parts: vec![
                ("train".into(), vec![5, 6]),
                (HOSTILE.into(), vec![u64::MAX / 8; 3]),
            ],
        }),
        samples: vec![ClassSample {
            class: HOSTILE.into(),
            caption: HOSTILE.into(),
            picture: Some(vec![9]),
            sound: None,
        }],
        gallery: vec![item(HOSTILE), item("forró")],
        facts: vec![Fact::new(HOSTILE, HOSTILE)],
        recipe: Some(format!("# {HOSTILE}\nseed = 1")),
    }
}

fn comparison() -> ComparisonReport {
    let run = |name: &str, labels: &[&str], seed| {
        ComparedRun::new(
            name,
            predictions(labels, seed),
            Pooling::MeanProbability,
            seed == 2,
        )
    };
    let labels = [HOSTILE, "b", "c"];
    ComparisonReport {
        title: HOSTILE.into(),
        warnings: vec![Warning::Note(HOSTILE.into())],
        runs: vec![
            run("first", &labels, 1),
            run(HOSTILE, &labels, 2),
            run("other classes", &["b", "x", HOSTILE], 3),
        ],
    }
}

fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).unwrap()
}

fn elements<'a>(document: &'a Document<'_>, tag: &str) -> Vec<Node<'a, 'a>> {
    let tag = tag.to_owned();
    document
        .descendants()
        .filter(|node| node.has_tag_name(tag.as_str()))
        .collect()
}

/// What holds of every page.
fn assert_sound(page: &str) {
    let document = parse(page);
    let mut ids = Vec::new();
    for node in document.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(
                !name.starts_with("on"),
                "{name}: markup may not hold scripts"
            );
            match name {
                "src" => assert!(
                    value.starts_with("data:image/png;base64,")
                        || value.starts_with("data:audio/wav;base64,")
                ),
                "href" => assert!(value == "data:," || value.starts_with('#'), "{value}"),
                "id" => ids.push(value.to_owned()),
                "style" => assert!(!value.contains("url") && !value.contains("NaN"), "{value}"),
                "d" => assert!(!value.contains("NaN") && !value.contains("inf"), "{value}"),
                _ => {}
            }
        }
        if node.has_tag_name("img") {
            assert!(node.attribute("alt").is_some_and(|alt| !alt.is_empty()));
        }
    }
    // One script and one style of our own, whatever the names say, and nothing that loads.
    assert_eq!(elements(&document, "script").len(), 1);
    assert_eq!(elements(&document, "style").len(), 1);
    for tag in ["iframe", "object", "embed", "base", "form"] {
        assert!(elements(&document, tag).is_empty(), "{tag}");
    }
    for tag in ["script", "style"] {
        let own = elements(&document, tag)[0].text().unwrap();
        for word in [
            "http",
            "//",
            "url(",
            "@import",
            "fetch",
            "innerHTML",
            "eval",
        ] {
            assert!(!own.contains(word), "{tag}: {word}");
        }
    }
    for link in elements(&document, "a") {
        let target = link.attribute("href").unwrap().trim_start_matches('#');
        assert!(ids.iter().any(|id| id == target), "{target}");
    }
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
    for control in ["\u{202e}", "\u{0}"] {
        assert!(!page.contains(control));
    }
}

#[test]
fn a_page_with_everything_in_it_is_well_formed_and_needs_nothing_else() {
    let page = report().html();
    assert_sound(&page);
    let document = parse(&page);
    let sections: Vec<_> = elements(&document, "section")
        .iter()
        .filter_map(|node| node.attribute("id"))
        .collect();
    let want = [
        "result",
        "training",
        "classes",
        "confusion",
        "curves",
        "calibration",
        "gallery",
        "samples",
        "data",
        "made",
    ];
    assert_eq!(sections, want);
    // Names are there to the letter, but for what no page may hold.
    let shown = HOSTILE.replace(['\u{202e}', '\u{0}'], "\u{fffd}");
    assert_eq!(elements(&document, "h1")[0].text().unwrap(), shown);
    assert_eq!(elements(&document, "title")[0].text().unwrap(), shown);
    let text: String = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    assert!(text.contains("This split leaks"));
    assert!(elements(&document, "audio").len() == 2 && elements(&document, "img").len() == 5);
}

#[test]
fn a_comparison_is_well_formed_too_and_says_what_cannot_be_compared() {
    let page = comparison().html();
    assert_sound(&page);
    let document = parse(&page);
    let text: String = document
        .descendants()
        .filter_map(|node| node.text())
        .collect();
    assert!(text.contains("This split leaks") && text.contains("not comparable"));
    assert!(text.contains("mcnemar: labels: must be the same"));
    assert!(text.contains("among 3 pairs one below 0.017"));
    let tests = elements(&document, "table");
    let tests = tests
        .iter()
        .find(|node| node.attribute("class") == Some("tests"))
        .unwrap();
    assert_eq!(
        tests
            .descendants()
            .filter(|node| node.has_tag_name("b"))
            .count(),
        2
    );
}

#[test]
fn what_is_missing_is_left_out() {
    let empty = RunReport::default().html();
    assert_sound(&empty);
    assert!(!empty.contains("<section"));
    let only = RunReport {
        history: report().history,
        ..RunReport::default()
    };
    let page = only.html();
    assert_sound(&page);
    assert_eq!(page.matches("<section").count(), 1);
    assert_sound(&ComparisonReport::default().html());
    // An evaluation from before there was anything but counts.
    let mut old = report();
    old.parts.truncate(1);
    let part = &mut old.parts[0];
    (
        part.chunk_curves,
        part.track_curves,
        part.evaluation.intervals,
    ) = (None, None, None);
    for scores in [&mut part.evaluation.chunk, &mut part.evaluation.track] {
        (
            scores.calibration,
            scores.roc_area,
            scores.average_precision,
        ) = (None, None, None);
        (scores.matthews_correlation, scores.cohen_kappa) = (None, None);
        scores.top_k.clear();
    }
    part.evaluation.labels.truncate(1);
    part.evaluation.track.per_class.clear();
    let page = old.html();
    assert_sound(&page);
    assert!(!page.contains("id=\"curves\"") && !page.contains("id=\"calibration\""));
}

#[test]
fn the_headline_has_the_interval_of_its_tracks() {
    let report = report();
    let page = report.html();
    let evaluation = &report.parts[0].evaluation;
    let interval = evaluation.intervals.as_ref().unwrap().track.accuracy;
    let want = format!(
        "95\u{a0}% interval {:.1}–{:.1}\u{a0}%, 24\u{a0}tracks",
        100.0 * interval.low,
        100.0 * interval.high
    );
    assert!(page.contains(&want), "{want}");
    assert!(page.contains(&format!(
        "{:.1}\u{a0}%</p>",
        100.0 * evaluation.track.accuracy
    )));
}

#[test]
fn the_same_report_is_the_same_bytes_and_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (page, name) in [
        (report().html(), "report.html"),
        (comparison().html(), "comparison.html"),
    ] {
        let path = folder.path().join("new").join(name);
        match name {
            "report.html" => report().write(&path).unwrap(),
            _ => comparison().write(&path).unwrap(),
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
    }
    assert!(report().write(folder.path()).is_err());
}
