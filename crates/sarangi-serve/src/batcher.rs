//! One forward pass for all files that are ready.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use sarangi_core::Result;
use sarangi_train::{Classification, Prepared};

use crate::answer::{Answer, Timings, milliseconds};
use crate::failure::Failure;
use crate::guard::guarded;
use crate::jobs::{Errand, Worked, thread};
use crate::metrics::{Metrics, count};
use crate::models::Loaded;

/// Chunks after which a pass is long enough.
const MOST_CHUNKS: usize = 512;
/// Files that may be ready for each worker before workers wait for the network.
const AHEAD: usize = 4;

/// A file whose features are there.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) worked: Worked,
    pub(crate) timings: Timings,
    pub(crate) model: Arc<Loaded>,
    pub(crate) errand: Errand,
    pub(crate) since: Instant,
}

/// The way to the thread that runs the networks. While it runs a pass, files gather for the next:
/// nobody waits for company.
#[derive(Clone, Debug)]
pub(crate) struct Batcher(SyncSender<Ready>);

impl Batcher {
    /// Starts the thread; it ends when every way to it is dropped.
    pub(crate) fn start(workers: usize, metrics: Arc<Metrics>) -> Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = sync_channel(AHEAD * workers);
        let forward = thread("network", move || run(&receiver, &metrics))?;
        Ok((Self(sender), forward))
    }

    /// Hands over a file. It waits if many are ready.
    pub(crate) fn add(&self, ready: Ready) {
        if let Err(refused) = self.0.send(ready) {
            let failure = Failure::internal("prediction", "the network's thread has ended");
            refused.0.errand.answer(Err(failure));
        }
    }
}

fn run(receiver: &Receiver<Ready>, metrics: &Metrics) {
    while let Ok(first) = receiver.recv() {
        let mut chunks = first.worked.prepared.chunks();
        let mut batch = vec![first];
        while chunks < MOST_CHUNKS
            && let Ok(next) = receiver.try_recv()
        {
            chunks += next.worked.prepared.chunks();
            batch.push(next);
        }
        for group in by_model(batch, metrics) {
            classify(group, metrics);
        }
    }
}

/// The files that somebody still waits for, those of each model together and in order.
fn by_model(batch: Vec<Ready>, metrics: &Metrics) -> Vec<Vec<Ready>> {
    let mut groups: Vec<Vec<Ready>> = Vec::new();
    for ready in batch {
        if ready.errand.stop.is_asked() {
            count(&metrics.stopped, 1);
            continue;
        }
        let same = |group: &&mut Vec<Ready>| Arc::ptr_eq(&group[0].model, &ready.model);
        match groups.iter_mut().find(same) {
            Some(group) => group.push(ready),
            None => groups.push(vec![ready]),
        }
    }
    groups
}

/// What is answered besides the class.
struct Rest {
    seconds: Option<f64>,
    portrait: Option<crate::portrait::Portrait>,
    timings: Timings,
    since: Instant,
    errand: Errand,
}

fn classify(group: Vec<Ready>, metrics: &Metrics) {
    let Some(model) = group.first().map(|ready| Arc::clone(&ready.model)) else {
        return;
    };
    metrics.batch(group.len());
    let size = group.len();
    let (tracks, rests): (Vec<Prepared>, Vec<Rest>) = group.into_iter().map(parted).unzip();
    let verdicts = match pass(&model, &tracks, metrics) {
        Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
        // One file that the network cannot take must not cost the others their answers.
        Err(_) if size > 1 => tracks
            .iter()
            .map(|track| alone(&model, track, metrics))
            .collect(),
        Err(failure) => vec![Err(failure)],
    };
    for (verdict, rest) in verdicts.into_iter().zip(rests) {
        rest.answer(&model, verdict, size, metrics);
    }
}

fn parted(ready: Ready) -> (Prepared, Rest) {
    let rest = Rest {
        seconds: ready.worked.seconds,
        portrait: ready.worked.portrait,
        timings: ready.timings,
        since: ready.since,
        errand: ready.errand,
    };
    (ready.worked.prepared, rest)
}

fn pass(
    model: &Loaded,
    tracks: &[Prepared],
    metrics: &Metrics,
) -> Result<Vec<Classification>, Failure> {
    match guarded(|| model.classifier.classify_batch(tracks)) {
        Ok(Ok(verdicts)) if verdicts.len() == tracks.len() => Ok(verdicts),
        Ok(Ok(_)) => Err(Failure::internal("prediction", "answers are missing")),
        Ok(Err(error)) => Err(Failure::of_file(&error)),
        Err(panic) => {
            count(&metrics.panics, 1);
            Err(Failure::internal("prediction", &panic))
        }
    }
}

fn alone(model: &Loaded, track: &Prepared, metrics: &Metrics) -> Result<Classification, Failure> {
    let mut verdicts = pass(model, std::slice::from_ref(track), metrics)?;
    verdicts
        .pop()
        .ok_or_else(|| Failure::internal("prediction", "an answer is missing"))
}

impl Rest {
    fn answer(
        mut self,
        model: &Loaded,
        verdict: Result<Classification, Failure>,
        size: usize,
        metrics: &Metrics,
    ) {
        self.timings.network_ms = milliseconds(self.since.elapsed());
        self.timings.total_ms = milliseconds(self.errand.asked.elapsed());
        self.timings.batch = size;
        let (seconds, portrait, timings) = (self.seconds, self.portrait, self.timings);
        let answer = verdict.map(|verdict| {
            metrics.answer(&model.name, &verdict.label, verdict.sure, &timings);
            Answer::new(verdict, seconds, portrait, timings)
        });
        self.errand.answer(answer);
    }
}
