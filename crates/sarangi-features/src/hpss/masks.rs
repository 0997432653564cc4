//! The masks of a magnitude spectrogram.

use std::ops::Range;

use sarangi_core::{Error, Result};
use sarangi_dsp::{MedianFilter, MedianFilterScratch};

use super::settings::{MaskPower, Separation};

/// From magnitudes to masks, a few frames at a time.
#[derive(Debug)]
pub(crate) struct Masks {
    along_time: MedianFilter,
    along_frequency: MedianFilter,
    power: MaskPower,
    margin: [f32; 2],
    /// The mask of what neither part has.
    nothing: f32,
}

/// Working memory, and the masks that were computed last.
#[derive(Debug, Default)]
pub(crate) struct Work {
    medians: MedianFilterScratch,
    /// The medians along time of the whole spectrogram.
    lasting: Vec<f32>,
    /// The harmonic and the percussive mask of a block, row-major (bins, its frames).
    pub(crate) harmonic: Vec<f32>,
    pub(crate) percussive: Vec<f32>,
}

impl Masks {
    pub(crate) fn new(settings: &Separation) -> Result<Self> {
        settings.check()?;
        let [lasting, striking] = settings.kernel_size.each();
        let filter = |size| {
            MedianFilter::new(size).map_err(|_| {
                let reason = format!("must be 1 to 4096, got {size}");
                Error::config("hpss", "kernel_size", reason)
            })
        };
        let margin = settings.margin.each();
        Ok(Self {
            along_time: filter(lasting)?,
            along_frequency: filter(striking)?,
            power: settings.power,
            nothing: if margin == [1.0; 2] { 0.5 } else { 0.0 },
            margin: margin.map(|x| x as f32),
        })
    }

    /// Begins with a spectrogram, row-major (bins, `frames`).
    pub(crate) fn begin(&self, magnitude: &[f32], frames: usize, work: &mut Work) -> Result<()> {
        work.lasting.resize(magnitude.len(), 0.0);
        self.along_time
            .rows_into(magnitude, frames, &mut work.lasting, &mut work.medians)
    }

    /// Computes the masks of a range of frames of the spectrogram that was begun with; the others
    /// may have changed since.
    pub(crate) fn block(
        &self,
        magnitude: &[f32],
        frames: usize,
        range: Range<usize>,
        work: &mut Work,
    ) -> Result<()> {
        let width = range.len();
        let len = magnitude.len() / frames.max(1) * width;
        work.percussive.resize(len, 0.0);
        work.harmonic.clear();
        for row in work.lasting.chunks_exact(frames.max(1)) {
            work.harmonic.extend_from_slice(&row[range.clone()]);
        }
        let (out, scratch) = (&mut work.percussive, &mut work.medians);
        self.along_frequency
            .columns_into(magnitude, frames, range, out, scratch)?;
        match self.power {
            MaskPower::Hard(_) => self.hard(work),
            MaskPower::Soft(1.0) => self.soft(work, |x| x),
            MaskPower::Soft(2.0) => self.soft(work, |x| x * x),
            MaskPower::Soft(power) => self.soft(work, |x| x.powf(power as f32)),
        }
        Ok(())
    }

    /// Makes masks of medians.
    fn soft(&self, work: &mut Work, power: impl Fn(f32) -> f32) {
        // Relative to the larger, so that no power is too large or too small for a number.
        let share = |part: f32, other: f32| {
            let larger = part.max(other);
            let scale = if larger < f32::MIN_POSITIVE {
                1.0
            } else {
                larger
            };
            let (part, other) = (power(part / scale), power(other / scale));
            let share = part / (part + other);
            if larger < f32::MIN_POSITIVE {
                self.nothing
            } else {
                share
            }
        };
        let [harmonic, percussive] = self.margin;
        for (h, p) in work.harmonic.iter_mut().zip(&mut work.percussive) {
            let (lasting, striking) = (*h, *p);
            *h = share(lasting, striking * harmonic);
            *p = share(striking, lasting * percussive);
        }
    }

    fn hard(&self, work: &mut Work) {
        let [harmonic, percussive] = self.margin;
        let mask = |yes| f32::from(u8::from(yes));
        for (h, p) in work.harmonic.iter_mut().zip(&mut work.percussive) {
            let (lasting, striking) = (*h, *p);
            *h = mask(lasting > striking * harmonic);
            *p = mask(striking > lasting * percussive);
        }
    }
}
