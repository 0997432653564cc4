//! How fast a training goes, and how long it will take.

use std::time::{Duration, Instant};

/// Watches the clock while a run trains.
pub(super) struct Pace {
    /// When training began, and the epoch at hand.
    began: Instant,
    epoch_began: Instant,
    /// The epochs of this call of the program.
    epochs: u32,
    /// The chunks of the epoch at hand, and how long they took.
    chunks: usize,
    trained: Duration,
}

impl Pace {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            epoch_began: now,
            epochs: 0,
            chunks: 0,
            trained: Duration::ZERO,
        }
    }

    /// The features are there: training begins.
    pub(super) fn begin(&mut self) {
        *self = Self::new();
    }

    /// So many chunks of the epoch are seen. Returns how many are in a second.
    pub(super) fn step(&mut self, chunks: usize) -> f64 {
        self.chunks = chunks;
        self.trained = self.epoch_began.elapsed();
        self.speed()
    }

    /// The epoch is over; what is to be said of it.
    pub(super) fn epoch(&mut self, epoch: usize, last: usize) -> String {
        self.epochs += 1;
        // Validation and saving included.
        let each = self.began.elapsed() / self.epochs;
        let left = each.saturating_mul(last.saturating_sub(epoch) as u32);
        let speed = self.speed();
        self.epoch_began = Instant::now();
        match left.is_zero() {
            true => format!("{speed:.0} chunks/s"),
            false => format!("{speed:.0} chunks/s, {} left", clock(left)),
        }
    }

    fn speed(&self) -> f64 {
        self.chunks as f64 / self.trained.as_secs_f64().max(1e-9)
    }
}

/// A time for people: `42s`, `3m 05s`, `2h 07m`.
fn clock(time: Duration) -> String {
    // What is begun counts, so that nothing takes 0 seconds.
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let of = |millis| clock(Duration::from_millis(millis));
        assert_eq!([of(200), of(59_000), of(59_100)], ["1s", "59s", "1m 00s"]);
        assert_eq!([of(185_000), of(7_620_000)], ["3m 05s", "2h 07m"]);
    }

    #[test]
    fn what_is_left_is_told_until_the_last_epoch() {
        let mut pace = Pace::new();
        assert!(pace.step(10) > 0.0);
        assert!(pace.epoch(1, 3).ends_with("left"));
        assert!(pace.epoch(3, 3).ends_with("chunks/s"));
    }
}
