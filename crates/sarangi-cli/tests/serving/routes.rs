//! What each address answers.

use serde_json::{Value, json};
use std::fs;

use crate::client::{FORM, Part, exchange, head};
use crate::model::{CLASSES, predict, unseen};
use crate::running::Running;

#[test]
fn every_address_answers_as_documented() {
    let server = Running::start(&[]);
    the_page(&server);
    one_genre(&server);
    everything(&server);
    what_is_asked_wrongly(&server);
    about_itself(&server);
    assert_eq!(server.metric("panics_total"), 0.0);
}

fn the_page(server: &Running) {
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let text = page.text();
    for asset in text.split("/assets/").skip(1) {
        let name = asset.split('"').next().unwrap();
        let reply = server.get(&format!("/assets/{name}"));
        assert_eq!(reply.status, 200, "{name}");
        assert!(!reply.body.is_empty());
    }
    assert_eq!(server.get("/assets/../Cargo.toml").status, 404);
    assert_eq!(server.get("/assets/none.js").status, 404);
    for path in ["/", "/assets/app.js", "/healthz", "/nothing"] {
        let reply = server.get(path);
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(server.ask("HEAD", "/").status, 200);
}

fn one_genre(server: &Running) {
    let files = unseen();
    for (file, want) in files.iter().zip(predict(&files)) {
        let reply = server.predict(file);
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json(), json!({ "genre": want["label"] }));
    }
    let no_file = r#"{"error":"No file uploaded"}"#;
    let empty = Part::File("file", "", b"");
    for reply in [
        server.post("/predict", &[]),
        server.post("/predict", &[Part::Text("x", "y")]),
        server.post("/predict", &[empty]),
        server.ask("POST", "/predict"),
    ] {
        assert_eq!((reply.status, reply.text()), (400, no_file.to_owned()));
    }
    let text = server.post(
        "/predict",
        &[Part::File("file", "notes.txt", b"not a song")],
    );
    assert!([400, 415, 422].contains(&text.status), "{text:?}");
    let error = text.error();
    for part in ["notes.txt", "is not a sound file", "send one of WAV"] {
        assert!(error.contains(part), "{error}");
    }
}

fn everything(server: &Running) {
    let files = unseen();
    let bytes: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut parts: Vec<Part<'_>> = bytes
        .iter()
        .map(|bytes| Part::File("file", "../../song.mp3", bytes))
        .collect();
    parts.insert(1, Part::File("file", "broken.wav", b"RIFF"));
    parts.push(Part::Text("top_k", "2"));
    let reply = server.post("/v1/predict", &parts);
    assert_eq!(reply.status, 200, "{reply:?}");
    let answers = reply.json();
    assert_eq!(answers["model"], "quickstart");
    assert_eq!(answers["labels"], json!(CLASSES));
    let mut results = answers["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), 5);
    let broken = results.remove(1);
    assert_eq!(broken["file"], "broken.wav");
    assert_eq!(broken["status"], 422);
    assert!(
        broken["error"]
            .as_str()
            .unwrap()
            .starts_with("broken.wav: ")
    );
    for (result, want) in results.iter().zip(predict(&files)) {
        check_answer(result, &want);
    }

    let plain = [
        Part::File("file", "a.mp3", &bytes[0]),
        Part::Text("portrait", "false"),
    ];
    let plain = server.post("/v1/predict?top_k=1", &plain).json();
    let plain = &plain["results"][0];
    assert!(plain.get("waveform").is_none() && plain.get("spectrogram").is_none());
    assert_eq!(plain["ranking"].as_array().unwrap().len(), 1);

    let all_wrong = server.post("/v1/predict", &[Part::File("file", "a.wav", b"")]);
    assert_eq!(all_wrong.status, 422);
    assert!(
        all_wrong.json()["results"][0]["error"]
            .as_str()
            .unwrap()
            .contains("file is empty")
    );
}

fn check_answer(result: &Value, want: &Value) {
    assert_eq!(result["file"], "song.mp3", "a name is no path");
    for field in ["label", "confidence", "sure"] {
        assert_eq!(result[field], want[field], "{field}");
    }
    assert_eq!(result["chunks"], want["chunks"]);
    assert_eq!(result["ranking"].as_array().unwrap().len(), 2);
    assert_eq!(result["ranking"][0]["label"], want["label"]);
    assert!(
        (result["seconds"].as_f64().unwrap() - 12.0).abs() < 0.1,
        "{}",
        result["seconds"]
    );
    let wave = result["waveform"].as_array().unwrap();
    assert_eq!(wave.len(), 1000);
    let picture = &result["spectrogram"];
    let png = picture["png"].as_str().unwrap();
    assert!(
        png.starts_with("data:image/png;base64,iVBOR"),
        "{}",
        &png[..40]
    );
    let timings = &result["timings"];
    let steps = [
        "queued_ms",
        "decode_ms",
        "features_ms",
        "portrait_ms",
        "network_ms",
    ];
    let sum: f64 = steps
        .iter()
        .map(|step| timings[*step].as_f64().unwrap())
        .sum();
    assert!(
        sum <= timings["total_ms"].as_f64().unwrap() + 1.0,
        "{timings}"
    );
}

fn what_is_asked_wrongly(server: &Running) {
    let song = fs::read(&unseen()[0]).unwrap();
    let song = |field| Part::File(field, "a.mp3", &song);
    for (path, parts, part) in [
        ("/v1/predict", vec![], "No file uploaded"),
        (
            "/v1/predict?model=rock",
            vec![song("file")],
            "there is no model `rock`; there is: quickstart",
        ),
        (
            "/v1/predict?top_k=0",
            vec![song("file")],
            "top_k: must be a whole number",
        ),
        (
            "/v1/predict?portrait=so",
            vec![song("file")],
            "portrait: must be true or false",
        ),
        (
            "/v1/predict?x=1",
            vec![song("file")],
            "there is no field `x`; there are file, model",
        ),
        (
            "/v1/predict",
            vec![song("files")],
            "into the field `file`, not `files`",
        ),
        (
            "/predict?model=rock",
            vec![song("file")],
            "there is no model `rock`",
        ),
    ] {
        let reply = server.post(path, &parts);
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
        assert!(reply.error().contains(part), "{path}: {}", reply.error());
    }
    let broken_form = b"no boundary at all";
    let mut request = head("POST", "/v1/predict", &[FORM], broken_form.len()).into_bytes();
    request.extend(broken_form);
    let reply = exchange(server.addr, &request).unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.error().contains("form"), "{reply:?}");

    assert_eq!(server.get("/nothing").status, 404);
    assert_eq!(server.get("/predict").status, 405);
    server.get("/nothing").error();
    server.get("/predict").error();
}

fn about_itself(server: &Running) {
    let health = server.get("/healthz").json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["models"], json!(["quickstart"]));

    let model = server.model_info();
    assert_eq!(model["labels"], json!(CLASSES));
    assert_eq!(model["colours"].as_array().unwrap().len(), 4);
    assert_eq!(model["kind"], "sound");
    assert_eq!(model["revision"], 0);
    assert!(
        !server.get("/v1/models").text().contains("safetensors"),
        "a path got out"
    );

    let metrics = server.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    for line in [
        "sarangi_requests_total{method=\"POST\",route=\"/predict\",status=\"200\"} 4",
        "sarangi_requests_total{method=\"POST\",route=\"/predict\",status=\"400\"} 5",
        "sarangi_stage_seconds_count{stage=\"decode\"}",
    ] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }

    let document = server.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "app.js");
        for method in methods.as_object().unwrap().keys() {
            let reply = server.ask(&method.to_uppercase(), &path);
            assert!(![404, 405].contains(&reply.status), "{method} {path}");
        }
    }
}
