//! Strangers who mean no good.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use sarangi_testkit::fixture;

use crate::client::{FORM, Part, connect, exchange, head, receive};
use crate::mutation::{Draw, Wrong, request};
use crate::running::{Running, eventually};

/// Who asks at the same time.
const CLIENTS: usize = 4;
/// After so many wrong requests a good one is sent.
const BETWEEN: usize = 10;

#[test]
fn hostile_uploads_cost_nobody_else_anything() {
    attack(300, 100, 20);
}

#[test]
#[ignore = "takes minutes, and as many open files: ulimit -n 4096"]
fn two_thousand_hostile_uploads_and_a_thousand_connections() {
    attack(2000, 1000, 200);
}

fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(fixture("formats"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn attack(uploads: usize, connections: usize, slow: usize) {
    let server = Running::start(&[
        "--idle-time",
        "2",
        "--upload-time",
        "4",
        "--max-seconds",
        "120",
    ]);
    let (files, good) = (
        files(),
        fs::read(fixture("unseen").join("drone.mp3")).unwrap(),
    );
    let answers = || {
        let reply = server.post("/predict", &[Part::File("file", "good.mp3", &good)]);
        assert_eq!(reply.status, 200, "{reply:?}\n{}", server.log());
    };
    answers();
    let before = server.metric("resident_bytes");

    let next = AtomicUsize::new(0);
    let statuses: Mutex<BTreeMap<(Wrong, u16), usize>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= uploads {
                        return;
                    }
                    let (wrong, request) = request(n, &files);
                    let status = send(&server, &request);
                    *statuses.lock().unwrap().entry((wrong, status)).or_default() += 1;
                    if n.is_multiple_of(BETWEEN) {
                        answers();
                    }
                }
            });
        }
    });
    let statuses = statuses.into_inner().unwrap();

    let open = held_open(&server, connections);
    let dripping = dripping(&server, slow);
    answers();
    thread::sleep(Duration::from_secs(1));
    answers();
    drop((open, dripping));
    answers();

    // Everybody else has been sent away or answered.
    eventually("nothing is left to do", || {
        server.metric("busy_workers") == 0.0 && server.metric("queued_files") == 0.0
    });
    let table: Vec<String> = statuses
        .iter()
        .map(|((wrong, status), n)| format!("{wrong:?} {status}: {n}"))
        .collect();
    let grown = (server.metric("resident_bytes") - before) / f64::from(1 << 20);
    eprintln!(
        "{uploads} uploads: {}; {grown:.0} MiB more than before",
        table.join(", ")
    );
    assert_eq!(server.metric("panics_total"), 0.0, "{}", server.log());
    let own_faults: usize = statuses
        .iter()
        .filter(|((_, status), _)| *status == 500)
        .map(|(_, n)| n)
        .sum();
    let logged = server.log().matches("a request failed").count();
    assert!(
        own_faults <= logged,
        "{own_faults} faults, {logged} reasons"
    );
    assert!(!server.log().contains("panicked"), "{}", server.log());
    let mut left = fs::read_dir(server.folder.path()).unwrap();
    assert!(left.next().is_none(), "a file was left behind");
    // Two minutes of sound and what is made of it, for each worker and more; not what bombs promise.
    assert!(grown < 600.0, "{grown} MiB");
}

/// The status of the answer; 0 if the connection just ended, as some of these deserve.
fn send(server: &Running, request: &[u8]) -> u16 {
    let Ok(mut stream) = connect(server.addr) else {
        return 0;
    };
    let _ = stream.write_all(request);
    receive(&mut stream).map_or(0, |reply| reply.status)
}

/// Connections that say nothing, or only how they begin.
fn held_open(server: &Running, count: usize) -> Vec<TcpStream> {
    let mut draw = Draw::new(7);
    let says = [
        "",
        "G",
        "POST /predict HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n",
    ];
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = connect(server.addr).unwrap();
        // Whoever was closed to make room notices here or never.
        let _ = stream.write_all(says[draw.below(says.len())].as_bytes());
        open.push(stream);
    }
    // Among them anybody is answered.
    let request = head("GET", "/healthz", &[], 0);
    assert_eq!(
        exchange(server.addr, request.as_bytes()).unwrap().status,
        200
    );
    open
}

/// Bodies of which only the beginning comes.
fn dripping(server: &Running, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|_| {
            let mut stream = connect(server.addr).unwrap();
            let start = head("POST", "/v1/predict", &[FORM], 60 << 20);
            stream.write_all(start.as_bytes()).unwrap();
            let _ = stream.write_all(b"--");
            stream
        })
        .collect()
}
