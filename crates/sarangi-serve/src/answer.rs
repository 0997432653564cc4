//! What a file's request is answered with.

use std::time::{Duration, Instant};

use sarangi_train::{ChunkVerdict, Classification};
use serde::Serialize;

use crate::portrait::Portrait;

/// Everything about one file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) label: String,
    pub(crate) confidence: f32,
    pub(crate) sure: bool,
    pub(crate) ranking: Vec<Ranked>,
    pub(crate) chunks: Vec<ChunkVerdict>,
    /// How long the sound is; a picture has no length.
    pub(crate) seconds: Option<f64>,
    #[serde(flatten)]
    pub(crate) portrait: Option<Portrait>,
    pub(crate) timings: Timings,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ranked {
    pub(crate) label: String,
    pub(crate) probability: f32,
}

impl Answer {
    pub(crate) fn new(
        verdict: Classification,
        seconds: Option<f64>,
        portrait: Option<Portrait>,
        timings: Timings,
    ) -> Self {
        let ranked = |(label, probability)| Ranked { label, probability };
        Self {
            label: verdict.label,
            confidence: verdict.confidence,
            sure: verdict.sure,
            ranking: verdict.ranking.into_iter().map(ranked).collect(),
            chunks: verdict.chunks,
            seconds,
            portrait,
            timings,
        }
    }
}

/// Where the time went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Timings {
    /// Waiting for a worker.
    pub(crate) queued_ms: f64,
    /// From bytes to samples.
    pub(crate) decode_ms: f64,
    /// From samples to what the network takes.
    pub(crate) features_ms: f64,
    /// Waveform and spectrogram, if asked for.
    pub(crate) portrait_ms: f64,
    /// Waiting for the network and its forward pass.
    pub(crate) network_ms: f64,
    /// From the arrival of the file to its answer.
    pub(crate) total_ms: f64,
    /// Files whose chunks shared the forward pass.
    pub(crate) batch: usize,
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    // Microseconds are as fine as clocks are told apart by people.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// A watch that is read between the steps of some work.
#[derive(Debug)]
pub(crate) struct Watch(Instant);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The milliseconds since the last reading.
    pub(crate) fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let lap = now.duration_since(self.0);
        self.0 = now;
        milliseconds(lap)
    }
}
