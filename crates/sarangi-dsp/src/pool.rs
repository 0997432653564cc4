//! Scratch memory shared between threads.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A stock of scratch values, so that an immutable plan can be used from any thread without
/// allocating on each call.
///
/// A call takes a value out (or makes one), works without holding the lock, and puts it back: the
/// stock grows to the number of threads that ever worked at once. The lock is held for a push or a
/// pop only, which is nothing beside the work that scratch memory is for.
pub struct Pool<T> {
    stock: Mutex<Vec<T>>,
    make: Box<dyn Fn() -> T + Send + Sync>,
}

impl<T> Pool<T> {
    /// An empty stock whose values are made by `make`.
    pub fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self {
            stock: Mutex::default(),
            make: Box::new(make),
        }
    }

    /// Runs `work` with a value whose content is left over from earlier calls.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // A panic elsewhere leaves a stock of whole values: nothing to be afraid of.
        let taken = self
            .stock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut value = taken.unwrap_or_else(|| (self.make)());
        let result = work(&mut value);
        self.stock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(value);
        result
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_thread_needs_one_value_and_nested_use_needs_two() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let pool = Pool::new(move || counter.fetch_add(1, Ordering::Relaxed));
        for _ in 0..5 {
            pool.with(|_| ());
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
        pool.with(|outer| pool.with(|inner| assert_ne!(outer, inner)));
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
