//! The command line of `sarangi serve`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sarangi::serve::Limits;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The model files; the first answers whoever names none
    #[arg(value_name = "MODEL", required = true)]
    pub(crate) models: Vec<PathBuf>,
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) addr: SocketAddr,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What is taken from strangers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The largest request in MiB [default: 64]
    #[arg(long, value_name = "MIB", value_parser = positive)]
    max_body: Option<f64>,
    /// All uploads in memory at once, in MiB [default: 512]
    #[arg(long, value_name = "MIB", value_parser = positive)]
    max_memory: Option<f64>,
    /// Files of a request [default: 16]
    #[arg(long, value_name = "N", value_parser = some)]
    max_files: Option<usize>,
    /// Files that wait to be worked on [default: 128]
    #[arg(long, value_name = "N", value_parser = some)]
    queue: Option<usize>,
    /// Open connections [default: 512]
    #[arg(long, value_name = "N", value_parser = some)]
    max_connections: Option<usize>,
    /// Seconds that work on a file may take, waiting included [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    work_time: Option<f64>,
    /// Seconds that a request may take to arrive [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    upload_time: Option<f64>,
    /// Seconds without a byte after which a connection is given up [default: 15]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    idle_time: Option<f64>,
    /// Seconds that requests under way have when the server stops [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    shutdown_time: Option<f64>,
    /// Seconds between two looks at the model files [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    reload_time: Option<f64>,
}

impl LimitArgs {
    /// The limits with what was given; `seconds` and `workers` come from options that are everywhere.
    pub(crate) fn limits(&self, seconds: Option<f64>, workers: Option<usize>) -> Limits {
        let usual = Limits::default();
        let bytes = |mib: Option<f64>, usual| {
            // The cast cuts at both ends.
            mib.map_or(usual, |mib| (mib * f64::from(1 << 20)).ceil() as usize)
        };
        let time = |seconds: Option<f64>, usual| {
            let time = seconds.map(Duration::try_from_secs_f64);
            time.and_then(Result::ok).unwrap_or(usual)
        };
        let body_bytes = bytes(self.max_body, usual.body_bytes);
        Limits {
            body_bytes,
            // One request always fits, unless both were said.
            held_bytes: bytes(self.max_memory, usual.held_bytes.max(body_bytes)),
            files: self.max_files.unwrap_or(usual.files),
            seconds: seconds.unwrap_or(usual.seconds),
            workers: workers.unwrap_or(usual.workers),
            queue: self.queue.unwrap_or(usual.queue),
            connections: self.max_connections.unwrap_or(usual.connections),
            work_time: time(self.work_time, usual.work_time),
            upload_time: time(self.upload_time, usual.upload_time),
            idle_time: time(self.idle_time, usual.idle_time),
            shutdown_time: time(self.shutdown_time, usual.shutdown_time),
            reload_time: time(self.reload_time, usual.reload_time),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs();
    let found = found.map_err(|e| format!("{e}; write it as 127.0.0.1:8080"))?;
    let mut all: Vec<SocketAddr> = found.collect();
    // `localhost` is both; most clients try the older first.
    all.sort_by_key(SocketAddr::is_ipv6);
    all.into_iter()
        .next()
        .ok_or_else(|| "no such address".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && number <= 1e9 => Ok(number),
        _ => Err("must be a number above 0, at most 1e9".to_owned()),
    }
}

fn some(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count >= 1 => Ok(count),
        _ => Err("must be a whole number from 1 up".to_owned()),
    }
}
