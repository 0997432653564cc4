//! What `/metrics` tells, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::answer::Timings;
use crate::histogram::{COUNTS, Histogram, SECONDS};

/// Counters of a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) upload_bytes: AtomicU64,
    /// Work given up because whoever asked is gone or time was over.
    pub(crate) stopped: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) reloads: AtomicU64,
    pub(crate) failed_reloads: AtomicU64,
    pub(crate) evicted_connections: AtomicU64,
    pub(crate) refused_connections: AtomicU64,
    pub(crate) connections: AtomicI64,
    pub(crate) busy_workers: AtomicI64,
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct Tables {
    /// By method, route and status.
    requests: BTreeMap<(String, String, u16), u64>,
    /// By route.
    durations: BTreeMap<String, Histogram>,
    /// By step of the work.
    stages: BTreeMap<&'static str, Histogram>,
    /// By model, class and whether the answer was sure.
    answers: BTreeMap<(String, String, bool), u64>,
    batches: Histogram,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Default for Metrics {
    fn default() -> Self {
        let tables = Tables {
            requests: BTreeMap::new(),
            durations: BTreeMap::new(),
            stages: BTreeMap::new(),
            answers: BTreeMap::new(),
            batches: Histogram::new(COUNTS),
        };
        Self {
            upload_bytes: AtomicU64::new(0),
            stopped: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            failed_reloads: AtomicU64::new(0),
            evicted_connections: AtomicU64::new(0),
            refused_connections: AtomicU64::new(0),
            connections: AtomicI64::new(0),
            busy_workers: AtomicI64::new(0),
            tables: Mutex::new(tables),
        }
    }
}

impl Metrics {
    /// Counters are whole whatever thread panicked while it held them.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut tables = self.tables();
        let key = (method.to_owned(), route.to_owned(), status);
        *tables.requests.entry(key).or_default() += 1;
        let durations = tables.durations.entry(route.to_owned());
        durations
            .or_insert_with(|| Histogram::new(SECONDS))
            .add(took.as_secs_f64());
    }

    pub(crate) fn answer(&self, model: &str, label: &str, sure: bool, timings: &Timings) {
        let mut tables = self.tables();
        let key = (model.to_owned(), label.to_owned(), sure);
        *tables.answers.entry(key).or_default() += 1;
        for (stage, ms) in [
            ("queue", timings.queued_ms),
            ("decode", timings.decode_ms),
            ("features", timings.features_ms),
            ("portrait", timings.portrait_ms),
            ("network", timings.network_ms),
        ] {
            let stage = tables.stages.entry(stage);
            stage
                .or_insert_with(|| Histogram::new(SECONDS))
                .add(ms / 1e3);
        }
    }

    pub(crate) fn batch(&self, files: usize) {
        self.tables().batches.add(files as f64);
    }

    /// All of it as text; `queued` files wait.
    pub(crate) fn text(&self, queued: usize) -> String {
        let mut out = String::new();
        let mut simple = |name: &str, kind: &str, help: &str, value: i64| {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "sarangi_{name} {value}");
        };
        let total = |counter: &AtomicU64| {
            counter
                .load(Ordering::Relaxed)
                .try_into()
                .unwrap_or(i64::MAX)
        };
        let now = |gauge: &AtomicI64| gauge.load(Ordering::Relaxed);
        for (name, help, counter) in [
            (
                "upload_bytes_total",
                "Bytes of request bodies.",
                &self.upload_bytes,
            ),
            (
                "stopped_total",
                "Files given up: the client left, or time was over.",
                &self.stopped,
            ),
            ("panics_total", "Panics that were caught.", &self.panics),
            ("reloads_total", "Model files read again.", &self.reloads),
            (
                "failed_reloads_total",
                "Changed model files that could not be read.",
                &self.failed_reloads,
            ),
            (
                "evicted_connections_total",
                "Idle connections closed to make room.",
                &self.evicted_connections,
            ),
            (
                "refused_connections_total",
                "Connections refused: too many were busy.",
                &self.refused_connections,
            ),
        ] {
            simple(name, "counter", help, total(counter));
        }
        simple(
            "connections",
            "gauge",
            "Open connections.",
            now(&self.connections),
        );
        simple(
            "busy_workers",
            "gauge",
            "Workers that work.",
            now(&self.busy_workers),
        );
        simple(
            "queued_files",
            "gauge",
            "Files that wait for a worker.",
            queued.try_into().unwrap_or(i64::MAX),
        );
        if let Some(bytes) = resident_bytes() {
            head(
                &mut out,
                "resident_bytes",
                "gauge",
                "Resident memory of the process.",
            );
            let _ = writeln!(out, "sarangi_resident_bytes {bytes}");
        }
        self.tables().write(&mut out);
        out
    }
}

impl Tables {
    fn write(&self, out: &mut String) {
        head(out, "requests_total", "counter", "Requests answered.");
        for ((method, route, status), n) in &self.requests {
            let (method, route) = (escaped(method), escaped(route));
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let _ = writeln!(out, "sarangi_requests_total{{{labels}}} {n}");
        }
        head(
            out,
            "answers_total",
            "counter",
            "Files that were told a class.",
        );
        for ((model, label, sure), n) in &self.answers {
            let (model, label) = (escaped(model), escaped(label));
            let labels = format!("model=\"{model}\",label=\"{label}\",sure=\"{sure}\"");
            let _ = writeln!(out, "sarangi_answers_total{{{labels}}} {n}");
        }
        let name = "request_seconds";
        head(
            out,
            name,
            "histogram",
            "From a request's head to its answer's.",
        );
        for (route, histogram) in &self.durations {
            let labels = format!("route=\"{}\"", escaped(route));
            histogram.write(out, &format!("sarangi_{name}"), &labels);
        }
        let name = "stage_seconds";
        head(out, name, "histogram", "Steps of the work on a file.");
        for (stage, histogram) in &self.stages {
            histogram.write(
                out,
                &format!("sarangi_{name}"),
                &format!("stage=\"{stage}\""),
            );
        }
        let name = "batch_files";
        head(out, name, "histogram", "Files that share a forward pass.");
        self.batches.write(out, &format!("sarangi_{name}"), "");
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(
        out,
        "# HELP sarangi_{name} {help}\n# TYPE sarangi_{name} {kind}"
    );
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// What the system says that this process holds, where it does.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_prometheus() {
        let metrics = Metrics::default();
        metrics.request("POST", "/predict", 200, Duration::from_millis(20));
        metrics.answer("a\"b", "jazz", true, &Timings::default());
        metrics.batch(3);
        count(&metrics.panics, 2);
        let text = metrics.text(5);
        for line in [
            "sarangi_requests_total{method=\"POST\",route=\"/predict\",status=\"200\"} 1",
            "sarangi_answers_total{model=\"a\\\"b\",label=\"jazz\",sure=\"true\"} 1",
            "sarangi_request_seconds_bucket{route=\"/predict\",le=\"0.025\"} 1",
            "sarangi_stage_seconds_count{stage=\"decode\"} 1",
            "sarangi_batch_files_sum 3",
            "sarangi_panics_total 2",
            "sarangi_queued_files 5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (_, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
