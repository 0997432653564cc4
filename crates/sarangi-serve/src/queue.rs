//! A queue between threads that has an end.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Things that wait, at most so many, the first come first.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    most: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(most: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            closed: false,
        };
        Self {
            most,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// A panic elsewhere leaves the state whole: it is changed by single steps.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Adds one, or gives it back if the queue is closed, or full even without those of which `stale`
    /// says that nobody wants them any more.
    pub(crate) fn push(&self, one: T, stale: impl Fn(&T) -> bool) -> Result<(), T> {
        let mut state = self.lock();
        if state.waiting.len() >= self.most {
            state.waiting.retain(|one| !stale(one));
        }
        if state.closed || state.waiting.len() >= self.most {
            return Err(one);
        }
        state.waiting.push_back(one);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for one; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(one) = state.waiting.pop_front() {
                return Some(one);
            }
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more; what waits may still be taken out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_first_in_first_out_and_has_an_end() {
        let queue = Queue::new(2);
        let fresh = |_: &i32| false;
        assert_eq!(queue.push(1, fresh), Ok(()));
        assert_eq!(queue.push(2, fresh), Ok(()));
        assert_eq!(queue.push(3, fresh), Err(3));
        assert_eq!(queue.push(3, |one| *one == 1), Ok(()));
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.pop(), Some(2));
        queue.close();
        assert_eq!(queue.push(4, fresh), Err(4));
        assert_eq!(queue.pop(), Some(3));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn closing_wakes_who_waits() {
        let queue = Queue::<i32>::new(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.pop());
            queue.close();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
