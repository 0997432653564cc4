//! What the program says, and where.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::Common;

/// Results go to standard output, everything else to standard error.
pub(crate) struct Console {
    quiet: bool,
    json: bool,
    verbose: u8,
    terminal: bool,
    /// Whether nothing is said at all: another process speaks.
    hushed: AtomicBool,
    /// Whether the one JSON document has been printed.
    answered: AtomicBool,
}

impl Console {
    pub(crate) fn new(common: &Common) -> Self {
        Self {
            quiet: common.quiet,
            json: common.json,
            verbose: common.verbose,
            terminal: stderr().is_terminal(),
            hushed: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        }
    }

    /// Says nothing from here on.
    pub(crate) fn hush(&self) {
        self.hushed.store(true, Ordering::Relaxed);
    }

    /// Speaks again.
    pub(crate) fn speak(&self) {
        self.hushed.store(false, Ordering::Relaxed);
    }

    fn is_hushed(&self) -> bool {
        self.hushed.load(Ordering::Relaxed)
    }

    /// Sends the libraries' messages to standard error; `RUST_LOG` overrides `-v`.
    pub(crate) fn start_logging(&self) -> Result<()> {
        let level = match (self.quiet, self.verbose) {
            _ if self.is_hushed() => "off",
            (true, _) => "error",
            (false, 0) => "warn",
            (false, 1) => "sarangi=info,warn",
            (false, _) => "debug",
        };
        let filter = tracing_subscriber::EnvFilter::try_from_default_env()
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stderr)
            .without_time()
            .with_ansi(self.terminal)
            .try_init()
            .map_err(|e| anyhow::anyhow!("logging: {e}"))
    }

    /// The answer of a command: text, or with `--json` the value.
    pub(crate) fn answer(&self, value: &impl Serialize, text: impl Display) -> Result<()> {
        self.answered.store(true, Ordering::Relaxed);
        if self.is_hushed() {
            return Ok(());
        }
        let mut out = stdout().lock();
        let written = if self.json {
            serde_json::to_writer(&mut out, value)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(out))
        } else {
            let text = text.to_string();
            let mut lines = text.trim_end().lines();
            lines.try_for_each(|line| writeln!(out, "{}", printable(line)))
        };
        match written.and_then(|()| out.flush()) {
            // Whoever read us has seen enough, as in `sarangi predict … | head -1`.
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.context("standard output"),
        }
    }

    /// A line about the work, not the answer.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// The line of a failure that does not end the work.
    pub(crate) fn error(&self, error: impl Display) {
        self.line(format_args!("error: {}", one_line(&error.to_string())));
    }

    /// The one line of the failure that ends the work: the error and what caused it. With `--json`
    /// it is also the answer, unless there has been one.
    pub(crate) fn fail(&self, error: &anyhow::Error) {
        let mut text = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // Our errors often quote their cause already.
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        self.error(&text);
        if self.json && !self.answered.load(Ordering::Relaxed) {
            // A failure to say so has nowhere to go.
            let _ = self.answer(&serde_json::json!({ "error": one_line(&text) }), "");
        }
    }

    fn line(&self, text: impl Display) {
        if self.is_hushed() {
            return;
        }
        // There is nowhere to report that standard error is closed.
        let _ = writeln!(stderr().lock(), "{}", printable(&text.to_string()));
    }

    /// Whether progress is shown as bars.
    pub(crate) fn has_bars(&self) -> bool {
        self.terminal && !self.quiet && !self.is_hushed()
    }

    /// A bar on a terminal; elsewhere a line for every five per cent.
    pub(crate) fn progress(&self, what: &'static str, total: usize) -> Progress<'_> {
        let bar = if self.has_bars() {
            let style = ProgressStyle::with_template(
                "{prefix:>12} {bar:32} {pos}/{len} {msg} [{elapsed} < {eta}]",
            );
            let bar = ProgressBar::new(total as u64).with_prefix(what);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            Some(bar)
        } else {
            None
        };
        Progress {
            console: self,
            what,
            total,
            bar,
            shown: Mutex::new(0),
        }
    }
}

/// The text with what would command a terminal, or turn the order of letters around, written out:
/// names of files and classes are chosen by strangers.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The progress of one long piece of work.
pub(crate) struct Progress<'a> {
    console: &'a Console,
    what: &'static str,
    total: usize,
    bar: Option<ProgressBar>,
    shown: Mutex<usize>,
}

impl Progress<'_> {
    /// So much is done. May be called from several threads, and out of order.
    pub(crate) fn set(&self, done: usize, message: impl Display) {
        if let Some(bar) = &self.bar {
            bar.set_position((done as u64).max(bar.position()));
            bar.set_message(message.to_string());
            return;
        }
        let step = done * 20 / self.total.max(1);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if step > *shown {
            *shown = step;
            let (what, total) = (self.what, self.total);
            self.console
                .note(format_args!("{what}: {done} of {total} {message}"));
        }
    }

    /// The work is over: the bar goes away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(printable("größe 40 × 130 – Bach"), "größe 40 × 130 – Bach");
        assert_eq!(printable("a\x1b[2Jb\u{9b}\r\n"), r"a\u{1b}[2Jb\u{9b}\r\n");
        assert_eq!(printable("gp3.\u{202e}exe"), r"gp3.\u{202e}exe");
    }
}
