//! Connections: how many, how long they may be idle, and how they end.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::limits::Limits;
use crate::metrics::{Metrics, count};

/// The largest head of a request, and the most lines in it.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 64;
/// How long to wait if the system has no more sockets for us.
const BREATHE: Duration = Duration::from_millis(50);
/// How long one that is refused is listened to, and how many at once.
const LINGER: Duration = Duration::from_secs(1);
const REFUSING: usize = 64;
/// What is said to a connection for which there is no room.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 66\r\n\r\n\
    {\"error\":\"too many requests are under way; try again in a moment\"}";

/// All open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Peer>>>,
    most: usize,
    idle_time: Duration,
    metrics: Arc<Metrics>,
    /// Turns true when all connections should end as soon as their requests are answered.
    ending: watch::Sender<bool>,
    none_open: Notify,
    /// Places for connections that are being refused.
    refusing: Arc<Semaphore>,
}

/// One of them.
#[derive(Debug)]
struct Peer {
    /// Requests under way: none or one.
    requests: AtomicUsize,
    /// Since when there is none.
    idle_since: Mutex<Instant>,
    evicted: Notify,
}

impl Connections {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            open: Mutex::new(BTreeMap::new()),
            most: limits.connections,
            idle_time: limits.idle_time,
            metrics,
            ending: watch::Sender::new(false),
            none_open: Notify::new(),
            refusing: Arc::new(Semaphore::new(REFUSING)),
        }
    }

    /// Takes connections for as long as it is polled.
    pub(crate) async fn accept(self: &Arc<Self>, listener: &TcpListener, router: &Router) {
        for id in 0u64.. {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // One that ended before we took it, or no more sockets: neither ends the server.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(BREATHE).await;
                    continue;
                }
            };
            match self.add(id) {
                Some(peer) => {
                    let (all, router) = (Arc::clone(self), router.clone());
                    tokio::spawn(async move {
                        let entry = Entry { all: &all, id };
                        all.serve(stream, router, &peer).await;
                        drop(entry);
                    });
                }
                None => self.refuse(stream),
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Peer>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for one more, if need be that of the one that has been idle the longest.
    fn add(&self, id: u64) -> Option<Arc<Peer>> {
        let mut open = self.open();
        if open.len() >= self.most {
            let idle = open.iter().filter(|(_, peer)| peer.is_idle());
            let (&oldest, _) = idle.min_by_key(|(_, peer)| peer.idle_since())?;
            if let Some(peer) = open.remove(&oldest) {
                peer.evicted.notify_one();
                count(&self.metrics.evicted_connections, 1);
            }
        }
        let peer = Arc::new(Peer {
            requests: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            evicted: Notify::new(),
        });
        open.insert(id, Arc::clone(&peer));
        self.metrics.connections.fetch_add(1, Ordering::Relaxed);
        Some(peer)
    }

    /// Says that there is no room. Whoever is still sending would not see it if the connection ended at
    /// once, so it ends when they have read it, or soon.
    fn refuse(&self, stream: TcpStream) {
        count(&self.metrics.refused_connections, 1);
        let Ok(place) = Arc::clone(&self.refusing).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            // Whoever does not take it in time does without.
            let _ = timeout(LINGER, say_no(&stream)).await;
            drop(place);
        });
    }

    fn remove(&self, id: u64) {
        let mut open = self.open();
        open.remove(&id);
        self.metrics.connections.fetch_sub(1, Ordering::Relaxed);
        if open.is_empty() {
            self.none_open.notify_waiters();
        }
    }

    async fn serve(&self, stream: TcpStream, router: Router, peer: &Arc<Peer>) {
        // Answers are written whole; waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let (under_way, router) = (UnderWay::new(Arc::clone(peer)), router.clone());
            async move {
                let response: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
                drop(under_way);
                response
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.idle_time)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEAD_LINES)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let mut ending = self.ending.subscribe();
        let mut told = false;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                () = peer.evicted.notified() => return,
                _ = ending.wait_for(|ending| *ending), if !told => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    /// Lets all connections end, and waits until they have.
    pub(crate) async fn finish(&self) {
        self.ending.send_replace(true);
        loop {
            let none = self.none_open.notified();
            tokio::pin!(none);
            // Before looking, so that none is missed in between.
            none.as_mut().enable();
            if self.open().is_empty() {
                return;
            }
            none.await;
        }
    }
}

impl Peer {
    fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Acquire) == 0
    }

    fn idle_since(&self) -> Instant {
        *self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a connection off the list however its task ends.
struct Entry<'a> {
    all: &'a Connections,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.all.remove(self.id);
    }
}

/// A request under way.
struct UnderWay(Arc<Peer>);

impl UnderWay {
    fn new(peer: Arc<Peer>) -> Self {
        peer.requests.fetch_add(1, Ordering::AcqRel);
        Self(peer)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self
            .0
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers, and throws away what comes until nothing more does.
async fn say_no(stream: &TcpStream) {
    // A fresh socket has room for a line.
    if stream.writable().await.is_err() || stream.try_write(NO_ROOM).is_err() {
        return;
    }
    let mut piece = [0; 4096];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut piece) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_ROOM).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{}",
            body.len()
        );
    }

    #[test]
    fn the_longest_idle_makes_room_and_the_busy_stay() {
        let limits = Limits {
            connections: 2,
            ..Limits::default()
        };
        let all = Connections::new(&limits, Arc::default());
        let first = all.add(1).unwrap();
        let second = all.add(2).unwrap();
        let busy = UnderWay::new(Arc::clone(&first));
        assert!(all.add(3).is_some());
        assert!(!second.is_idle() || !all.open().contains_key(&2));
        let third = all.open().get(&3).cloned().unwrap();
        let also_busy = UnderWay::new(third);
        assert!(all.add(4).is_none());
        drop((busy, also_busy));
        assert!(all.add(5).is_some());
        assert_eq!(all.open().len(), 2);
    }
}
