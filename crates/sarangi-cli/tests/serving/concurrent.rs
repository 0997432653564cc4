//! Many who ask at once get what each would get alone.

use std::fs;
use std::thread;

use serde_json::Value;

use crate::client::Part;
use crate::model::unseen;
use crate::running::Running;

/// An answer without what is of its moment.
fn lasting(mut answer: Value) -> Value {
    answer["results"][0]["timings"].take();
    answer["timings"].take();
    answer
}

#[test]
fn concurrent_answers_are_single_answers() {
    let server = Running::start(&["--threads", "4"]);
    let songs: Vec<Vec<u8>> = unseen()
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    let ask = |song: &[u8]| {
        let reply = server.post("/v1/predict", &[Part::File("file", "a", song)]);
        assert_eq!(reply.status, 200, "{reply:?}");
        lasting(reply.json())
    };
    let alone: Vec<Value> = songs.iter().map(|song| ask(song)).collect();
    thread::scope(|scope| {
        for n in 0..12 {
            let (songs, alone, ask) = (&songs, &alone, &ask);
            scope.spawn(move || {
                for turn in 0..2 {
                    let which = (n + turn) % songs.len();
                    assert_eq!(ask(&songs[which]), alone[which]);
                }
            });
        }
    });
    let passes = server.metric("batch_files_count");
    assert_eq!(server.metric("batch_files_sum"), 28.0);
    assert!(passes <= 28.0);
}
