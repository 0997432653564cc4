//! Work on files: a queue, and a fixed number of threads that decode and compute features.

use std::io::Cursor;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use sarangi_core::{Error, Result, Stop};
use sarangi_train::Prepared;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::answer::{Answer, Timings, Watch, milliseconds};
use crate::batcher::{Batcher, Ready};
use crate::failure::Failure;
use crate::guard::guarded;
use crate::metrics::{Metrics, count};
use crate::models::Loaded;
use crate::portrait::Portrait;
use crate::queue::Queue;
use crate::upload::Upload;

/// A file to be classified.
#[derive(Debug)]
struct Job {
    upload: Upload,
    model: Arc<Loaded>,
    portrait: bool,
    errand: Errand,
}

/// Whom an answer is for, and until when.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) stop: Stop,
    pub(crate) asked: Instant,
    pub(crate) reply: oneshot::Sender<Result<Answer, Failure>>,
}

impl Errand {
    pub(crate) fn answer(self, answer: Result<Answer, Failure>) {
        // Whoever asked may be gone.
        let _ = self.reply.send(answer);
    }
}

/// What a worker makes of a file.
#[derive(Debug)]
pub(crate) struct Worked {
    pub(crate) prepared: Prepared,
    pub(crate) seconds: Option<f64>,
    pub(crate) portrait: Option<Portrait>,
}

/// An answer to come. Dropping it asks the work to end.
#[derive(Debug)]
pub(crate) struct Ticket {
    stop: Stop,
    limit: Duration,
    reply: oneshot::Receiver<Result<Answer, Failure>>,
}

impl Ticket {
    pub(crate) async fn answer(mut self) -> Result<Answer, Failure> {
        match timeout(self.limit, &mut self.reply).await {
            Ok(Ok(answer)) => answer,
            // Work whose time is over, or that a server which ends has dropped.
            Ok(Err(_)) => Err(Failure::busy(
                "the server is being shut down; try again later",
            )),
            Err(_) => Err(Failure::too_slow()),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.stop.ask();
    }
}

/// The queue and the threads.
#[derive(Debug)]
pub(crate) struct Jobs {
    queue: Arc<Queue<Job>>,
    work_time: Duration,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Jobs {
    pub(crate) fn start(
        workers: usize,
        most_waiting: usize,
        work_time: Duration,
        metrics: &Arc<Metrics>,
    ) -> Result<Self> {
        let queue = Arc::new(Queue::new(most_waiting));
        let (batcher, forward) = Batcher::start(workers, Arc::clone(metrics))?;
        let mut threads = vec![forward];
        for n in 0..workers {
            let (queue, batcher, metrics) =
                (Arc::clone(&queue), batcher.clone(), Arc::clone(metrics));
            let work = move || work(&queue, &batcher, &metrics);
            threads.push(thread(&format!("worker-{n}"), work)?);
        }
        Ok(Self {
            queue,
            work_time,
            threads: Mutex::new(threads),
        })
    }

    /// How many files wait for a worker.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Puts a file into the queue.
    pub(crate) fn submit(
        &self,
        upload: Upload,
        model: Arc<Loaded>,
        portrait: bool,
    ) -> Result<Ticket, Failure> {
        let (reply, answer) = oneshot::channel();
        let stop = Stop::after(self.work_time);
        let ticket = Ticket {
            stop: stop.clone(),
            limit: self.work_time,
            reply: answer,
        };
        let job = Job {
            upload,
            model,
            portrait,
            errand: Errand {
                stop,
                asked: Instant::now(),
                reply,
            },
        };
        let stale = |job: &Job| job.errand.stop.is_asked();
        self.queue
            .push(job, stale)
            .map_err(|_| Failure::busy("too many files are waiting; try again in a moment"))?;
        Ok(ticket)
    }

    /// Takes no more work, and waits until what is there is done.
    pub(crate) fn finish(&self) {
        self.queue.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // Panics are caught where they happen; one that was not has been printed.
            let _ = thread.join();
        }
    }
}

/// Threads that run other people's decoders on other people's files get room on their stacks.
const STACK: usize = 8 << 20;

pub(crate) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map_err(|e| Error::backend("starting a thread", e))
}

/// A worker's life.
fn work(queue: &Queue<Job>, batcher: &Batcher, metrics: &Metrics) {
    while let Some(job) = queue.pop() {
        if job.errand.stop.is_asked() {
            count(&metrics.stopped, 1);
            continue;
        }
        metrics.busy_workers.fetch_add(1, Ordering::Relaxed);
        run(job, batcher, metrics);
        metrics.busy_workers.fetch_sub(1, Ordering::Relaxed);
    }
}

fn run(job: Job, batcher: &Batcher, metrics: &Metrics) {
    let Job {
        upload,
        model,
        portrait,
        errand,
    } = job;
    let mut timings = Timings {
        queued_ms: milliseconds(errand.asked.elapsed()),
        ..Timings::default()
    };
    let done = guarded(|| prepare(upload, &model, portrait, &errand.stop, &mut timings));
    match done {
        Ok(Ok(worked)) => batcher.add(Ready {
            worked,
            timings,
            model,
            errand,
            since: Instant::now(),
        }),
        Ok(Err(error)) => {
            count(
                &metrics.stopped,
                u64::from(matches!(error, Error::Stopped { .. })),
            );
            errand.answer(Err(Failure::of_file(&error)));
        }
        Err(panic) => {
            count(&metrics.panics, 1);
            errand.answer(Err(Failure::internal("reading the file", &panic)));
        }
    }
}

fn prepare(
    upload: Upload,
    model: &Loaded,
    portrait: bool,
    stop: &Stop,
    timings: &mut Timings,
) -> Result<Worked> {
    let Upload { name, bytes, held } = upload;
    let mut watch = Watch::start();
    if !model.is_of_sounds() {
        let prepared = model.classifier.prepare_picture(&bytes, &name, stop)?;
        timings.features_ms = watch.lap();
        return Ok(Worked {
            prepared,
            seconds: None,
            portrait: None,
        });
    }
    let wave = model.classifier.hear(Cursor::new(bytes), &name, stop)?;
    // The bytes are gone with their reader.
    drop(held);
    timings.decode_ms = watch.lap();
    let prepared = model
        .classifier
        .prepare(&wave, stop)
        .map_err(|e| named(&name, e))?;
    timings.features_ms = watch.lap();
    let portrait = match portrait {
        true => Some(Portrait::of(&wave, stop)?),
        false => None,
    };
    timings.portrait_ms = watch.lap();
    Ok(Worked {
        prepared,
        seconds: Some(wave.seconds()),
        portrait,
    })
}

/// An error of a feature with the file that it is about.
fn named(name: &str, error: Error) -> Error {
    match error {
        Error::Stopped { .. } | Error::Decode { .. } | Error::Backend { .. } => error,
        other => Error::decode(name, other.to_string()),
    }
}
