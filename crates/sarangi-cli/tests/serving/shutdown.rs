//! Being told to stop.

use std::fs;
use std::io::Write;

use crate::client::{Part, connect, posting, receive};
use crate::model::unseen;
use crate::running::{Running, eventually};

#[test]
fn requests_under_way_end_well_and_no_new_ones_are_taken() {
    let mut server = Running::start(&["--threads", "1"]);
    let song = fs::read(&unseen()[0]).unwrap();
    let request = posting("/v1/predict", &[Part::File("file", "a.mp3", &song)]);
    // One half sent, one being worked on, one that only waits for a next request.
    let mut half = connect(server.addr).unwrap();
    half.write_all(&request[..request.len() / 2]).unwrap();
    let mut whole = connect(server.addr).unwrap();
    whole.write_all(&request).unwrap();
    let idle = connect(server.addr).unwrap();
    eventually("all are there", || server.metric("connections") >= 4.0);

    server.terminate();
    eventually("nobody else is let in", || connect(server.addr).is_err());
    half.write_all(&request[request.len() / 2..]).unwrap();
    for mut stream in [half, whole] {
        let reply = receive(&mut stream).unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["results"][0]["file"], "a.mp3");
    }
    let status = server.ended();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    drop(idle);
}

#[test]
fn work_that_does_not_end_is_not_waited_for() {
    let mut server = Running::start(&["--threads", "1", "--shutdown-time", "0.3"]);
    let request = posting("/predict", &[Part::File("file", "a.mp3", &[0; 1000])]);
    let mut half = connect(server.addr).unwrap();
    half.write_all(&request[..request.len() - 10]).unwrap();
    eventually("it is there", || server.metric("connections") >= 2.0);
    server.terminate();
    assert_eq!(server.ended().code(), Some(0));
    assert!(server.log().contains("still under way"), "{}", server.log());
}
