//! A server from beginning to end.

use std::future::pending;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sarangi_core::{Backend, Error, Result};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::{App, router};
use crate::budget::Budget;
use crate::connections::Connections;
use crate::jobs::Jobs;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::reload;
use crate::signals::Signals;

/// Threads that talk to clients; the work is done on others.
const TALKING: usize = 2;
/// How long what hangs at the very end is waited for.
const LAST: Duration = Duration::from_secs(1);

/// How a server runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ServeOptions {
    /// What runs the networks. The first GPU there is, else the CPU.
    pub backend: Backend,
    /// What it takes from strangers.
    pub limits: Limits,
    /// Whether SIGTERM and Ctrl-C end it. Yes.
    pub signals: bool,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            backend: Backend::Auto,
            limits: Limits::default(),
            signals: true,
        }
    }
}

/// A server that listens. It answers while it [runs](Self::run).
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    addr: SocketAddr,
    signals: Option<Signals>,
    stop: watch::Sender<bool>,
    // Last, so that what needs it is dropped before.
    runtime: Runtime,
}

/// Tells a server on another thread to stop.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Lets the server answer what it was asked, and end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Reads the models, the first of which answers whoever names none, and listens at an address; at
    /// port 0 the system chooses one.
    ///
    /// # Errors
    /// As [`Classifier::load`](sarangi_train::Classifier::load) of a model; [`Error::Config`] if there
    /// is no model, a limit allows nothing, or the address cannot be listened at.
    pub fn bind(addr: SocketAddr, models: &[PathBuf], options: ServeOptions) -> Result<Self> {
        let limits = options.limits;
        limits.check()?;
        let models = Models::load(models, options.backend, limits.seconds)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(TALKING)
            .thread_name("http")
            .enable_all()
            .build()
            .map_err(|e| Error::backend("starting threads", e))?;
        let listener = runtime.block_on(TcpListener::bind(addr));
        let unusable = |e: std::io::Error| {
            let reason = format!("cannot listen at {addr}: {e}; choose another");
            Error::config("serve", "addr", reason)
        };
        let listener = listener.map_err(unusable)?;
        let addr = listener.local_addr().map_err(unusable)?;
        let signals = {
            let _inside = runtime.enter();
            options.signals.then(Signals::new).transpose()?
        };
        let metrics = Arc::new(Metrics::default());
        let jobs = Jobs::start(limits.workers, limits.queue, limits.work_time, &metrics)?;
        let app = App {
            models,
            jobs,
            metrics,
            budget: Budget::new(limits.held_bytes),
            limits,
        };
        Ok(Self {
            app: Arc::new(app),
            listener,
            addr,
            signals,
            stop: watch::Sender::new(false),
            runtime,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The names of its models, as requests choose them.
    pub fn models(&self) -> Vec<String> {
        let names = self.app.models.names();
        names.into_iter().map(ToOwned::to_owned).collect()
    }

    /// What stops it from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Answers until it is told to stop; then takes no more connections, answers what it was asked, and
    /// returns. A second signal ends it at once.
    pub fn run(self) {
        let Self {
            app,
            listener,
            mut signals,
            stop,
            runtime,
            ..
        } = self;
        let limits = &app.limits;
        let connections = Arc::new(Connections::new(limits, Arc::clone(&app.metrics)));
        runtime.block_on(async {
            let reloading = tokio::spawn(reload::watch(Arc::clone(&app), limits.reload_time));
            let router = router(Arc::clone(&app));
            let mut told = stop.subscribe();
            tokio::select! {
                () = connections.accept(&listener, &router) => {}
                () = next(&mut signals) => {}
                _ = told.wait_for(|told| *told) => {}
            }
            tracing::info!("stopping: no new connections");
            drop(listener);
            reloading.abort();
            tokio::select! {
                outcome = timeout(limits.shutdown_time, connections.finish()) => {
                    if outcome.is_err() {
                        tracing::warn!("requests were still under way when the time to stop was over");
                    }
                }
                () = next(&mut signals) => {}
            }
        });
        // Drops the tickets of requests that are still waiting, which stops their work.
        runtime.shutdown_timeout(LAST);
        app.jobs.finish();
    }
}

async fn next(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => pending().await,
    }
}
