//! Cutting a signal into overlapping frames.

use std::ops::Mul;

use pulp::Simd;

use crate::Padding;
use crate::simd::{Kernel, run};

/// How a signal is cut into frames, as librosa's `util.frame` after centre padding.
///
/// Centred, frame t has sample t · hop in its middle, and there are 1 + ⌊len / hop⌋ frames for an
/// even frame length; otherwise frame t starts there, and only whole frames count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    length: usize,
    hop: usize,
    padding: Option<Padding>,
}

impl Framing {
    /// Frames of `length` samples every `hop` samples (both taken as at least 1), centred with
    /// `padding` or, with `None`, not centred.
    pub fn new(length: usize, hop: usize, padding: Option<Padding>) -> Self {
        Self {
            length: length.max(1),
            hop: hop.max(1),
            padding,
        }
    }

    /// Samples per frame.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Samples between the starts of two frames.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// How many samples are put before the signal: half a frame if centred, else none.
    pub fn offset(&self) -> usize {
        self.padding.map_or(0, |_| self.length / 2)
    }

    /// How many frames a signal of `samples` samples has; none if it is empty.
    pub fn frames(&self, samples: usize) -> usize {
        if samples == 0 {
            return 0;
        }
        let padded = samples.saturating_add(2 * self.offset());
        padded
            .checked_sub(self.length)
            .map_or(0, |room| 1 + room / self.hop)
    }

    /// Writes frame `index`, multiplied by `window`, into `out`.
    ///
    /// # Shapes
    /// `window` and `out` have [`length`](Self::length) items; what is missing is left out.
    pub fn windowed_into<T>(&self, signal: &[f32], index: usize, window: &[T], out: &mut [T])
    where
        T: Copy + From<f32> + Mul<Output = T>,
    {
        let start = (index * self.hop) as isize - self.offset() as isize;
        let inside = usize::try_from(start)
            .ok()
            .and_then(|from| signal.get(from..from + self.length));
        match inside {
            Some(frame) => multiply(frame, window, out),
            None => {
                let padding = self.padding.unwrap_or_default();
                for (n, (y, &w)) in out.iter_mut().zip(window).enumerate() {
                    let source = padding.source(start + n as isize, signal.len());
                    *y = T::from(source.map_or(0.0, |i| signal[i])) * w;
                }
            }
        }
    }
}

/// Samples times a window.
pub(crate) fn multiply<T>(frame: &[f32], window: &[T], out: &mut [T])
where
    T: Copy + From<f32> + Mul<Output = T>,
{
    run(Product { out, frame, window });
}

struct Product<'a, T> {
    out: &'a mut [T],
    frame: &'a [f32],
    window: &'a [T],
}

impl<T: Copy + From<f32> + Mul<Output = T>> Kernel for Product<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for ((y, &x), &w) in self.out.iter_mut().zip(self.frame).zip(self.window) {
            *y = T::from(x) * w;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_counts_are_librosas() {
        let centred = Framing::new(2048, 512, Some(Padding::Constant));
        assert_eq!(centred.frames(661_500), 1292);
        assert_eq!(centred.frames(66_150), 130);
        assert_eq!(centred.frames(100), 1);
        assert_eq!(centred.frames(0), 0);
        let plain = Framing::new(2048, 512, None);
        assert_eq!(plain.frames(2047), 0);
        assert_eq!(plain.frames(2048), 1);
        assert_eq!(plain.frames(2560), 2);
        // 1 + (100 + 2 * 3 - 7) // 3 for an odd frame length
        assert_eq!(
            Framing::new(7, 3, Some(Padding::Constant)).frames(100),
            1 + 99 / 3
        );
    }

    #[test]
    fn frames_at_the_ends_see_the_padding() {
        let signal = [1.0, 2.0, 3.0, 4.0];
        let ones = [1.0; 4];
        let frame = |padding, index| {
            let mut out = [9.0; 4];
            Framing::new(4, 2, padding).windowed_into(&signal, index, &ones, &mut out);
            out
        };
        assert_eq!(frame(Some(Padding::Constant), 0), [0.0, 0.0, 1.0, 2.0]);
        assert_eq!(frame(Some(Padding::Reflect), 0), [3.0, 2.0, 1.0, 2.0]);
        assert_eq!(frame(Some(Padding::Reflect), 2), [3.0, 4.0, 3.0, 2.0]);
        assert_eq!(frame(None, 0), signal);
    }
}
