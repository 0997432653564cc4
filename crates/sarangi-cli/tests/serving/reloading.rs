//! Models that change while they are asked.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sarangi_testkit::fixture;
use serde_json::json;

use crate::client::Part;
use crate::model::{CLASSES, model};
use crate::running::{Running, eventually};

/// As training writes: whole, then renamed.
fn replace(file: &Path, with: &[u8]) {
    let part = file.with_extension("part");
    fs::write(&part, with).unwrap();
    fs::rename(part, file).unwrap();
}

#[test]
fn a_model_is_replaced_without_a_pause_and_a_bad_one_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("genres.safetensors");
    let first = fs::read(model()).unwrap();
    fs::write(&file, &first).unwrap();
    let other = fs::read(fixture("checkpoints/v1").join("quickstart.safetensors")).unwrap();
    let server = Running::start_with(&[&file, model()], &["--reload-time", "0.1"]);
    assert_eq!(
        server.get("/healthz").json()["models"],
        json!(["genres", "quickstart"])
    );
    let song = fs::read(fixture("formats").join("mono-pcm16.wav")).unwrap();

    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) {
                let reply = server.post("/predict", &[Part::File("file", "a.wav", &song)]);
                assert_eq!(reply.status, 200, "{reply:?}");
                asked += 1;
            }
            asked
        });
        let epoch = server.model_info()["parameters"].clone();
        assert!(epoch.is_number());

        replace(&file, b"no model");
        eventually("the fault shows", || {
            server.model_info()["fault"].is_string()
        });
        assert_eq!(server.model_info()["labels"], json!(CLASSES));
        assert_eq!(server.model_info()["revision"], 0);

        replace(&file, &other);
        eventually("it is read again", || server.model_info()["revision"] == 1);
        let info = server.model_info();
        assert!(info["fault"].is_null(), "{info}");

        fs::remove_file(&file).unwrap();
        eventually("the fault shows", || {
            server.model_info()["fault"].is_string()
        });
        replace(&file, &first);
        eventually("it is read again", || server.model_info()["revision"] == 2);
        over.store(true, Ordering::Relaxed);
        assert!(asking.join().unwrap() > 0);
    });
    assert_eq!(server.metric("reloads_total"), 2.0);
    assert_eq!(server.metric("failed_reloads_total"), 2.0);
    let log = server.log();
    assert!(log.contains("the old model answers on"), "{log}");
    // Each by its name.
    let chosen = [
        Part::File("file", "a.wav", &song),
        Part::Text("model", "quickstart"),
    ];
    let answer = server.post("/v1/predict", &chosen).json();
    assert_eq!(answer["model"], "quickstart");
}
