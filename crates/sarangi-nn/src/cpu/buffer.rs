//! Memory that is used again: a training step asks for the same sizes as the step before it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytemuck::{Pod, Zeroable};

/// One cache line, and one AVX-512 vector.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// A slice of f32 that begins at a cache line. When it is dropped its memory is kept for the next
/// buffer of about that size, because fresh pages cost more than the arithmetic done on them.
#[derive(Debug)]
pub(crate) struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` values that are whatever was there before: for results that are written
    /// in full.
    pub(crate) fn stale(len: usize) -> Self {
        let lines = pool().take(len.div_ceil(LINE));
        Self { lines, len }
    }

    /// A buffer of zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut buffer = Self::stale(len);
        buffer.fill(0.0);
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        pool().give(std::mem::take(&mut self.lines));
    }
}

/// Gives the memory that is kept for coming buffers back to the system.
pub fn release_memory() {
    let mut pool = pool();
    pool.free.clear();
    pool.kept = 0;
}

fn pool() -> MutexGuard<'static, Pool> {
    static POOL: Mutex<Pool> = Mutex::new(Pool::new());
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Free memory by its length in lines.
struct Pool {
    free: BTreeMap<usize, Vec<Vec<Line>>>,
    /// Lines in `free`.
    kept: usize,
    /// Lines in use now.
    used: usize,
    /// The most lines that were ever in use at once.
    peak: usize,
}

impl Pool {
    const fn new() -> Self {
        Self {
            free: BTreeMap::new(),
            kept: 0,
            used: 0,
            peak: 0,
        }
    }

    fn take(&mut self, lines: usize) -> Vec<Line> {
        // A little too large is better than new; much too large would be missed elsewhere.
        let fitting = self.free.range(lines..=lines + lines / 8).next();
        let memory = fitting.map(|(&size, _)| size).and_then(|size| {
            let shelf = self.free.get_mut(&size)?;
            let memory = shelf.pop();
            if shelf.is_empty() {
                self.free.remove(&size);
            }
            self.kept -= size;
            memory
        });
        let memory = memory.unwrap_or_else(|| {
            self.make_room(lines);
            bytemuck::zeroed_vec(lines)
        });
        self.used += memory.len();
        self.peak = self.peak.max(self.used);
        memory
    }

    fn give(&mut self, memory: Vec<Line>) {
        let lines = memory.len();
        self.used -= lines;
        if lines > 0 && self.used + self.kept + lines <= self.most() {
            self.kept += lines;
            self.free.entry(lines).or_default().push(memory);
        }
    }

    /// The most lines that may be used and kept: half as much again as were ever used at once, since
    /// a step needs its large buffers of one size here and of another there.
    fn most(&self) -> usize {
        self.peak + self.peak / 2
    }

    /// Frees kept memory, the largest first, so that what is used and kept stays within bounds.
    fn make_room(&mut self, lines: usize) {
        while self.kept > 0 && self.used + self.kept + lines > self.most() {
            let Some(mut shelf) = self.free.last_entry() else {
                return;
            };
            self.kept -= *shelf.key();
            shelf.get_mut().pop();
            if shelf.get().is_empty() {
                shelf.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_and_stays_within_bounds() {
        let mut pool = Pool::new();
        let (a, b) = (pool.take(100), pool.take(50));
        let place = a.as_ptr();
        pool.give(a);
        let again = pool.take(96);
        assert_eq!(again.as_ptr(), place, "a fitting piece is used again");
        pool.give(again);
        pool.give(b);
        assert_eq!((pool.used, pool.kept, pool.peak), (0, 150, 150));
        let large = pool.take(140);
        assert_eq!(large.len(), 140);
        assert!(pool.used + pool.kept <= 225, "old pieces make room");
        pool.give(large);
        assert!(pool.kept <= 225);
    }

    #[test]
    fn buffers_begin_at_cache_lines() {
        for len in [0, 1, 15, 16, 1000] {
            let buffer = Buffer::zeros(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert!(buffer.iter().all(|&v| v == 0.0));
        }
    }
}
