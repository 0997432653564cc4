//! Asking work to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Asks work that may be on another thread to end early: because somebody asked, or because its time
/// is over. Clones ask together.
///
/// Long work looks at it between its steps and gives up with [`Error::Stopped`].
#[derive(Clone, Debug, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Stop {
    /// One that nobody has asked yet, and that has all the time there is.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that asks by itself when so much time is over.
    pub fn after(limit: Duration) -> Self {
        Self {
            deadline: Instant::now().checked_add(limit),
            ..Self::default()
        }
    }

    /// Asks the work to end.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the work should end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) || self.deadline.is_some_and(|at| Instant::now() >= at)
    }

    /// Gives up `what` is being done if the work should end.
    ///
    /// # Errors
    /// [`Error::Stopped`] if so.
    pub fn check(&self, what: &'static str) -> Result<()> {
        match self.is_asked() {
            true => Err(Error::Stopped { what }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_ask_together_and_time_asks_by_itself() {
        let stop = Stop::new();
        let other = stop.clone();
        assert!(stop.check("decoding").is_ok());
        other.ask();
        let error = stop.check("decoding").unwrap_err();
        assert_eq!(error.to_string(), "decoding was stopped before it was done");

        assert!(Stop::after(Duration::ZERO).is_asked());
        assert!(!Stop::after(Duration::from_secs(3600)).is_asked());
        assert!(!Stop::after(Duration::MAX).is_asked());
    }
}
