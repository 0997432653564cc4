//! From frames as they come to other frames.

use std::fmt::{self, Debug};

use ndarray::{Array2, Axis, concatenate, s};
use sarangi_core::{Error, Result};

/// A step from frames to as many frames, which may come later.
pub(crate) trait Stage: Debug + Send {
    /// Takes the next frames and gives those that are known now.
    fn push(&mut self, map: Array2<f32>) -> Result<Array2<f32>>;

    /// Takes the last frames and gives all that are left.
    fn finish(&mut self, map: Array2<f32>) -> Result<Array2<f32>>;
}

/// A step whose every frame depends on a few frames around it.
pub(crate) struct Windowed {
    step: Step,
    /// Rows of what it gives.
    bins: usize,
    /// Frames before and after each that it depends on.
    before: usize,
    after: usize,
    /// Frames that a sound must have, or come to, before any is known.
    least: usize,
    /// The frames from `base` on.
    held: Option<Array2<f32>>,
    base: usize,
    /// The first frame that has not been given.
    next: usize,
}

/// What the step makes of frames as if they were a whole sound: from rows of so many frames to rows.
type Step = Box<dyn FnMut(&[f32], usize, &mut [f32]) -> Result<()> + Send>;

impl Windowed {
    pub(crate) fn new(
        bins: usize,
        (before, after): (usize, usize),
        least: usize,
        step: impl FnMut(&[f32], usize, &mut [f32]) -> Result<()> + Send + 'static,
    ) -> Self {
        Self {
            step: Box::new(step),
            bins,
            before,
            after,
            least,
            held: None,
            base: 0,
            next: 0,
        }
    }

    fn take(&mut self, map: Array2<f32>, ended: bool) -> Result<Array2<f32>> {
        let held = match self.held.take() {
            None => map,
            Some(held) => concatenate(Axis(1), &[held.view(), map.view()])
                .map_err(|e| Error::backend("stream", e))?,
        };
        let count = self.base + held.ncols();
        let known = match ended {
            true => count,
            false if count < self.least => 0,
            false => count.saturating_sub(self.after),
        };
        let result = match known > self.next {
            true => {
                // In rows, whatever way the pieces were joined.
                let rows: Vec<f32> = held.iter().copied().collect();
                let mut out = vec![0.0; self.bins * held.ncols()];
                (self.step)(&rows, held.ncols(), &mut out)?;
                let whole = Array2::from_shape_vec((self.bins, held.ncols()), out)
                    .map_err(|e| Error::backend("stream", e))?;
                whole.slice_move(s![.., self.next - self.base..known - self.base])
            }
            false => Array2::zeros((self.bins, 0)),
        };
        self.next = known.max(self.next);
        let keep = self.next.saturating_sub(self.before).max(self.base);
        self.held = Some(held.slice(s![.., keep - self.base..]).to_owned());
        self.base = keep;
        Ok(result)
    }
}

impl Stage for Windowed {
    fn push(&mut self, map: Array2<f32>) -> Result<Array2<f32>> {
        self.take(map, false)
    }

    fn finish(&mut self, map: Array2<f32>) -> Result<Array2<f32>> {
        self.take(map, true)
    }
}

/// A step whose every value depends on the one before it in its row, by a number that is carried.
pub(crate) struct Recursive<F> {
    /// The number of each row.
    carried: Vec<f64>,
    step: F,
}

impl<F: FnMut(f32, &mut f64) -> f32> Recursive<F> {
    pub(crate) fn new(bins: usize, start: f64, step: F) -> Self {
        Self {
            carried: vec![start; bins],
            step,
        }
    }
}

impl<F: FnMut(f32, &mut f64) -> f32 + Send> Stage for Recursive<F> {
    fn push(&mut self, mut map: Array2<f32>) -> Result<Array2<f32>> {
        for (row, carried) in map.outer_iter_mut().zip(&mut self.carried) {
            for x in row {
                *x = (self.step)(*x, carried);
            }
        }
        Ok(map)
    }

    fn finish(&mut self, map: Array2<f32>) -> Result<Array2<f32>> {
        self.push(map)
    }
}

impl<F> Debug for Recursive<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recursive").finish_non_exhaustive()
    }
}

impl Debug for Windowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Windowed")
            .field("before", &self.before)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
