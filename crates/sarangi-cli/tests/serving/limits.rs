//! What goes beyond a limit is refused, and the next request is answered.

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use sarangi_testkit::fixture;

use crate::client::{FORM, Part, Reply, connect, exchange, form, head, posting, receive};
use crate::model::unseen;
use crate::running::{Running, eventually};

fn short() -> Vec<u8> {
    fs::read(fixture("formats").join("mono-pcm16.wav")).unwrap()
}

/// A mono WAV file of 8-bit noise at 8,000 Hz.
fn noise(seconds: usize) -> Vec<u8> {
    let bytes = seconds * 8000;
    let mut file = b"RIFF".to_vec();
    file.extend((bytes as u32 + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8000u32.to_le_bytes());
    file.extend(8000u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend((bytes as u32).to_le_bytes());
    let mut state = 1u32;
    file.extend((0..bytes).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    file
}

fn answers(server: &Running) {
    let reply = server.post("/predict", &[Part::File("file", "a.wav", &short())]);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn size_number_and_length() {
    let server = Running::start(&[
        "--max-body",
        "0.25",
        "--max-files",
        "2",
        "--max-seconds",
        "5",
    ]);
    let large = vec![7; 300 * 1024];
    let reply = server.post("/predict", &[Part::File("file", "a.wav", &large)]);
    assert_eq!(reply.status, 413, "{reply:?}");
    assert!(
        reply.error().contains("larger than the limit of 0.25 MiB"),
        "{}",
        reply.error()
    );
    // Without a length, and with one that is only promised.
    let mut chunked =
        b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n".to_vec();
    chunked.extend(format!("{}: {}\r\n\r\n", FORM.0, FORM.1).bytes());
    chunked.extend(format!("{:x}\r\n", large.len()).bytes());
    chunked.extend(&large);
    chunked.extend(b"\r\n0\r\n\r\n");
    assert_eq!(exchange(server.addr, &chunked).unwrap().status, 413);
    let promise = head("POST", "/predict", &[FORM], 1 << 40);
    let began = Instant::now();
    assert_eq!(
        exchange(server.addr, promise.as_bytes()).unwrap().status,
        413
    );
    assert!(began.elapsed() < Duration::from_secs(5));

    let short = short();
    let three = [(); 3].map(|()| Part::File("file", "a.wav", &short));
    let reply = server.post("/v1/predict", &three);
    assert_eq!(reply.status, 400);
    assert!(
        reply
            .error()
            .contains("3 files are too many; send at most 2")
    );

    let reply = server.predict(&unseen()[0]);
    assert_eq!(reply.status, 422);
    assert!(
        reply.error().contains("longer than the limit of 5 s"),
        "{}",
        reply.error()
    );
    answers(&server);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let server = Running::start(&["--threads", "1", "--queue", "1"]);
    let request = posting("/predict", &[Part::File("file", "a.wav", &noise(60))]);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| exchange(server.addr, &request).unwrap()))
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (done, busy): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert!(!done.is_empty() && !busy.is_empty(), "{replies:?}");
    for reply in busy {
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(reply.error().contains("try again"));
    }
    answers(&server);
}

#[test]
fn work_ends_when_its_time_is_over_or_nobody_waits() {
    let server = Running::start(&[
        "--threads",
        "1",
        "--work-time",
        "1",
        "--max-seconds",
        "3600",
    ]);
    let long = posting("/predict", &[Part::File("file", "long.wav", &noise(3500))]);
    let began = Instant::now();
    let reply = exchange(server.addr, &long).unwrap();
    assert_eq!(reply.status, 504, "{reply:?}");
    assert!(reply.error().contains("took too long"));
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    eventually("the worker is free again", || {
        server.metric("busy_workers") == 0.0 && server.metric("stopped_total") >= 1.0
    });
    answers(&server);
    drop(server);

    let server = Running::start(&[
        "--threads",
        "1",
        "--work-time",
        "600",
        "--max-seconds",
        "3600",
    ]);
    let mut stream = connect(server.addr).unwrap();
    stream.write_all(&long).unwrap();
    eventually("it is being worked on", || {
        server.metric("busy_workers") == 1.0
    });
    drop(stream);
    let left = Instant::now();
    eventually("the work stops", || server.metric("busy_workers") == 0.0);
    assert!(
        left.elapsed() < Duration::from_secs(5),
        "{:?}",
        left.elapsed()
    );
    assert_eq!(server.metric("stopped_total"), 1.0);
    answers(&server);
}

#[test]
fn slow_and_silent_clients_are_given_up() {
    let server = Running::start(&["--idle-time", "0.5", "--upload-time", "2"]);
    let body = form(&[Part::File("file", "a.wav", &short())]);
    let start = head("POST", "/predict", &[FORM], body.len());

    // Stands still in the middle of the body.
    let mut stream = connect(server.addr).unwrap();
    stream.write_all(start.as_bytes()).unwrap();
    stream.write_all(&body[..100]).unwrap();
    let reply = receive(&mut stream).unwrap();
    assert_eq!(reply.status, 408, "{reply:?}");
    assert!(reply.error().contains("stood still for 0.5 s"));

    // Never stands still, and never ends.
    let mut stream = connect(server.addr).unwrap();
    stream.write_all(start.as_bytes()).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let dripping = thread::spawn(move || {
        for byte in body.chunks(1).take(60) {
            if writing.write_all(byte).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    let reply = receive(&mut stream).unwrap();
    assert_eq!(reply.status, 408, "{reply:?}");
    assert!(reply.error().contains("took too long"));
    dripping.join().unwrap();

    // Says nothing, or not all of the head.
    for said in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = connect(server.addr).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let began = Instant::now();
        let mut rest = Vec::new();
        // A connection that is reset is closed as well.
        let _ = stream.read_to_end(&mut rest);
        assert!(began.elapsed() < Duration::from_secs(10), "{said:?}");
    }
    answers(&server);
}

#[test]
fn idle_connections_make_room() {
    let server = Running::start(&["--max-connections", "4"]);
    let idle: Vec<_> = (0..20).map(|_| connect(server.addr).unwrap()).collect();
    answers(&server);
    assert!(server.metric("evicted_connections_total") >= 16.0);
    assert!(server.metric("connections") <= 4.0);
    drop(idle);
    // All of them busy: there is no room, and whoever comes is told so. An upload whose head has not been
    // read yet may still be closed to make room, so more come until they stay.
    let mut uploads = Vec::new();
    eventually("there is no room", || {
        let mut stream = connect(server.addr).unwrap();
        let start = head("POST", "/predict", &[FORM], 1000);
        let _ = stream.write_all(start.as_bytes());
        uploads.push(stream);
        thread::sleep(Duration::from_millis(100));
        let request = head("GET", "/healthz", &[], 0);
        exchange(server.addr, request.as_bytes()).is_ok_and(|reply| reply.status == 503)
    });
    drop(uploads);
    eventually("there is room again", || {
        let request = head("GET", "/healthz", &[], 0);
        exchange(server.addr, request.as_bytes()).is_ok_and(|reply| reply.status == 200)
    });
    answers(&server);
}
