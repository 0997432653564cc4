//! From framed samples to spectra, in single or double precision.

use std::ops::Range;

use num_complex::Complex32;
use sarangi_core::{Error, Result};

use crate::Framing;
use crate::double_fft::{DoubleFft, DoubleFftScratch};
use crate::real_fft::{MOST, RealFft, RealFftScratch};
use crate::sink::Value;

/// A planned transform and the window of its frames.
#[derive(Debug)]
pub(crate) enum Transform {
    Single(RealFft, Vec<f32>),
    Double(DoubleFft, Vec<f64>),
}

/// Working memory of one call of a [`Stft`](crate::Stft); made by [`Stft::scratch`](crate::Stft::scratch).
#[derive(Debug, Clone)]
pub struct StftScratch(Scratch);

#[derive(Debug, Clone)]
enum Scratch {
    Single(RealFftScratch),
    Double(DoubleFftScratch),
}

impl Transform {
    pub(crate) fn single(length: usize, window: &[f64]) -> Self {
        let window = window.iter().map(|&w| w as f32).collect();
        Self::Single(RealFft::new(length), window)
    }

    pub(crate) fn double(length: usize, window: Vec<f64>) -> Self {
        Self::Double(DoubleFft::new(length), window)
    }

    /// Whether precision and window are those of the other.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Single(_, a), Self::Single(_, b)) => a == b,
            (Self::Double(_, a), Self::Double(_, b)) => a == b,
            _ => false,
        }
    }

    pub(crate) fn scratch(&self) -> StftScratch {
        StftScratch(match self {
            Self::Single(fft, _) => Scratch::Single(fft.scratch()),
            Self::Double(fft, _) => Scratch::Double(fft.scratch()),
        })
    }

    /// The spectra of frames that the signal has, as the columns of `out`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` is that of another plan.
    pub(crate) fn columns<V: Value>(
        &self,
        framing: &Framing,
        signal: &[f32],
        frames: Range<usize>,
        out: &mut [V],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        let width = frames.len();
        match (self, &mut scratch.0) {
            (Self::Single(fft, window), Scratch::Single(scratch)) => {
                for first in frames.clone().step_by(MOST) {
                    let fill = |i: usize, out: &mut [f32]| {
                        framing.windowed_into(signal, first + i, window, out);
                    };
                    let count = MOST.min(frames.end - first);
                    let place = (width, first - frames.start);
                    fft.columns(count, fill, out, place, scratch)?;
                }
                Ok(())
            }
            (Self::Double(fft, window), Scratch::Double(scratch)) => {
                frames.enumerate().try_for_each(|(column, frame)| {
                    let fill = |out: &mut [f64]| {
                        framing.windowed_into(signal, frame, window, out);
                    };
                    fft.column(fill, out, (width, column), scratch)
                })
            }
            _ => Err(foreign()),
        }
    }

    /// One frame's spectrum, bin after bin.
    ///
    /// # Errors
    /// As [`columns`](Self::columns).
    pub(crate) fn frame(
        &self,
        framing: &Framing,
        signal: &[f32],
        frame: usize,
        out: &mut [Complex32],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        match (self, &mut scratch.0) {
            (Self::Single(fft, window), Scratch::Single(scratch)) => {
                let fill = |out: &mut [f32]| framing.windowed_into(signal, frame, window, out);
                fft.frame(fill, out, scratch)
            }
            (Self::Double(fft, window), Scratch::Double(scratch)) => {
                let fill = |out: &mut [f64]| framing.windowed_into(signal, frame, window, out);
                fft.column(fill, out, (1, 0), scratch)
            }
            _ => Err(foreign()),
        }
    }
}

fn foreign() -> Error {
    Error::shape("stft", "scratch of this plan", "that of another")
}
