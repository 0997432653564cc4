//! A browser, driven by the W3C's WebDriver protocol: JSON over HTTP.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{exchange, head};

pub(crate) struct Browser {
    driver: Child,
    addr: SocketAddr,
    session: String,
}

/// The key under which the protocol names elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    /// A headless Chromium; `None` where there is none, or no driver for it.
    pub(crate) fn start() -> Option<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(driver.stdout.take()?).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        })?;
        // Read on, so that it is never stopped by a full pipe.
        thread::spawn(move || lines.count());
        let mut browser = Self {
            driver,
            addr: SocketAddr::from(([127, 0, 0, 1], port)),
            session: String::new(),
        };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--autoplay-policy=no-user-gesture-required",
            "--window-size=1280,1000",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = browser.send("POST", "/session", &wanted);
        browser.session = made["sessionId"].as_str()?.to_owned();
        Some(browser)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let json = [("Content-Type", "application/json")];
        let mut request = head(method, path, &json, body.len());
        if method == "POST" {
            request += &body;
        }
        let reply = exchange(self.addr, request.as_bytes()).unwrap();
        let answer = reply.json();
        assert_eq!(reply.status, 200, "{method} {path}: {answer}");
        answer["value"].clone()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.send("POST", &format!("/session/{}{path}", self.session), body)
    }

    pub(crate) fn open(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    /// Runs a script, whose result is what it returns.
    pub(crate) fn run(&self, script: &str, arguments: &Value) -> Value {
        self.command(
            "/execute/sync",
            &json!({ "script": script, "args": arguments }),
        )
    }

    /// Types into an element; into a file button, a path.
    pub(crate) fn keys(&self, selector: &str, text: &str) {
        let found = self.command(
            "/element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let id = found[ELEMENT].as_str().unwrap();
        self.command(&format!("/element/{id}/value"), &json!({ "text": text }));
    }

    pub(crate) fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.textContent ?? ''";
        self.run(script, &json!([selector]))
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub(crate) fn wait(&self, script: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.run(script, &json!([])) != json!(true) {
            assert!(
                Instant::now() < end,
                "never true: {script}\n{}",
                self.text("body")
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.command(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// How wide the window is, and which colours its reader prefers.
    pub(crate) fn look(&self, width: u32, height: u32, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        );
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Keeps a picture of the whole page.
    pub(crate) fn picture(&self, file: &Path) {
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", &options);
        std::fs::write(file, decoded(picture["data"].as_str().unwrap())).unwrap();
    }

    /// What the page's scripts complained of; answers that say no are none of that.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.command("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["source"] != "network" && entry["level"] != "INFO")
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !thread::panicking() {
            self.send(
                "DELETE",
                &format!("/session/{}", self.session),
                &Value::Null,
            );
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Base64 to bytes.
fn decoded(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |letter: &u8| LETTERS.iter().position(|known| known == letter);
    let digits: Vec<usize> = text.as_bytes().iter().filter_map(digit).collect();
    digits
        .chunks(4)
        .flat_map(|four| {
            let word = four
                .iter()
                .enumerate()
                .fold(0, |word, (n, digit)| word | digit << (18 - 6 * n));
            let bytes = [(word >> 16) as u8, (word >> 8) as u8, word as u8];
            bytes.into_iter().take(four.len() - 1)
        })
        .collect()
}
