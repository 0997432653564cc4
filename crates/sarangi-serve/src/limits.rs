//! What a server takes from strangers, and how much of it.

use std::time::Duration;

use sarangi_core::{Error, Result};

/// The limits of a server. What goes beyond one is refused with a status and a line that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The largest request, in bytes, all its files together. 64 MiB; beyond it 413.
    pub body_bytes: usize,
    /// The most files of a request to `/v1/predict`. 16; beyond it 400.
    pub files: usize,
    /// The longest sound in seconds, unless a model says less. 900; beyond it 422.
    pub seconds: f64,
    /// The bytes of all uploads that are in memory at once. 512 MiB; beyond it 503.
    pub held_bytes: usize,
    /// Threads that decode sounds and compute their features. As many as the machine has cores.
    pub workers: usize,
    /// Files that wait for a worker. 128; beyond it 503.
    pub queue: usize,
    /// How long a file may wait and be worked on. A minute; after it 504.
    pub work_time: Duration,
    /// How long a request may take to arrive. Two minutes; after it 408.
    pub upload_time: Duration,
    /// How long nothing may arrive: in a request (408), or between two on a connection. 15 s.
    pub idle_time: Duration,
    /// Open connections. 512; beyond it the one that has been idle the longest is closed.
    pub connections: usize,
    /// How long a server that was told to stop waits for requests under way. 30 s.
    pub shutdown_time: Duration,
    /// How often model files are looked at for changes. 2 s.
    pub reload_time: Duration,
}

const MIB: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * MIB,
            files: 16,
            seconds: 900.0,
            held_bytes: 512 * MIB,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            queue: 128,
            work_time: Duration::from_secs(60),
            upload_time: Duration::from_secs(120),
            idle_time: Duration::from_secs(15),
            connections: 512,
            shutdown_time: Duration::from_secs(30),
            reload_time: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// Checks that something can be served within the limits.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first limit that allows nothing.
    pub fn check(&self) -> Result<()> {
        let counts = [
            ("body_bytes", self.body_bytes),
            ("files", self.files),
            ("held_bytes", self.held_bytes),
            ("workers", self.workers),
            ("queue", self.queue),
            ("connections", self.connections),
        ];
        let times = [
            ("work_time", self.work_time),
            ("upload_time", self.upload_time),
            ("idle_time", self.idle_time),
            ("reload_time", self.reload_time),
        ];
        let refuse = |field, reason: String| Err(Error::config("limits", field, reason));
        for (field, count) in counts {
            if count == 0 {
                return refuse(field, "must be at least 1, got 0".to_owned());
            }
        }
        for (field, time) in times {
            if time.is_zero() {
                return refuse(field, "must be above 0 s, got 0".to_owned());
            }
        }
        if !(self.seconds > 0.0 && self.seconds.is_finite()) {
            let reason = format!("must be a number of seconds above 0, got {}", self.seconds);
            return refuse("seconds", reason);
        }
        if self.held_bytes < self.body_bytes {
            let (held, body) = (self.held_bytes, self.body_bytes);
            let reason = format!("must hold one request of {body} bytes, got {held}");
            return refuse("held_bytes", reason);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_allow_nothing_are_refused_by_name() {
        assert!(Limits::default().check().is_ok());
        let refused = |limits: Limits| limits.check().unwrap_err().to_string();
        let none = Limits {
            workers: 0,
            ..Limits::default()
        };
        assert_eq!(refused(none), "limits: workers: must be at least 1, got 0");
        let never = Limits {
            work_time: Duration::ZERO,
            ..Limits::default()
        };
        assert_eq!(
            refused(never),
            "limits: work_time: must be above 0 s, got 0"
        );
        let odd = Limits {
            seconds: f64::NAN,
            ..Limits::default()
        };
        assert!(refused(odd).contains("seconds"));
        let narrow = Limits {
            held_bytes: 10,
            ..Limits::default()
        };
        assert!(refused(narrow).contains("held_bytes: must hold one request"));
    }
}
