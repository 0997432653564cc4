//! A server that runs in a folder of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Part, Reply, exchange, head, posting};
use crate::model::{PROGRAM, model};

pub(crate) struct Running {
    child: Child,
    pub(crate) addr: SocketAddr,
    log: Arc<Mutex<String>>,
    /// Where it runs and where temporary files would go.
    pub(crate) folder: TempDir,
}

impl Running {
    /// Serves the model of the tests.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_with(&[model()], options)
    }

    pub(crate) fn start_with(models: &[&Path], options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "-v", "--device", "cpu", "--addr", "127.0.0.1:0"])
            .args(options)
            .args(models.iter().map(|model| model.as_os_str()))
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (mut err, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = err.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..n]);
                kept.lock().unwrap().push_str(&text);
            }
        });
        out.read_line(&mut line).unwrap();
        let url = line.trim().rsplit_once("http://").map(|(_, url)| url);
        let addr = url.and_then(|url| url.trim_end_matches('/').parse().ok());
        let addr = addr.unwrap_or_else(|| panic!("{line}: {}", log.lock().unwrap()));
        Self {
            child,
            addr,
            log,
            folder,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path)
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Reply {
        exchange(self.addr, head(method, path, &[], 0).as_bytes()).unwrap()
    }

    pub(crate) fn post(&self, path: &str, parts: &[Part<'_>]) -> Reply {
        exchange(self.addr, &posting(path, parts)).unwrap()
    }

    pub(crate) fn predict(&self, file: &Path) -> Reply {
        let bytes = std::fs::read(file).unwrap();
        let name = file.file_name().and_then(OsStr::to_str).unwrap();
        self.post("/predict", &[Part::File("file", name, &bytes)])
    }

    pub(crate) fn model_info(&self) -> Value {
        self.get("/v1/models").json()["models"][0].clone()
    }

    /// A number of `/metrics` without labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text();
        let line = text.lines().find_map(|line| {
            let (key, value) = line.split_once(' ')?;
            (key == format!("sarangi_{name}")).then(|| value.parse().unwrap())
        });
        line.unwrap_or_else(|| panic!("{name} is not in {text}"))
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends the signal that asks programs to end.
    pub(crate) fn terminate(&self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so, half a minute at most.
#[track_caller]
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < end, "not within half a minute: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
