//! Higher and lower at the same speed.

use std::ops::{Range, RangeInclusive};

use ndarray::s;
use sarangi_core::{Result, SampleRate, Waveform, within};

use crate::time_stretch::blocks;
use crate::{ResampleStream, TimeStretch, TimeStretchStream};

const OP: &str = "pitch_shift";

/// How far a sound can be moved, in semitones.
const SEMITONES: RangeInclusive<f64> = -36.0..=36.0;

/// How far the pitch may be off for the sake of a simple ratio, in cents.
const TOLERANCE: f64 = 0.005;

/// A planned pitch shift: higher or lower by any interval, at the same speed.
///
/// The sound is resampled by the ratio of the interval, which changes pitch and length, and
/// stretched back to its length by a [`TimeStretch`]. The ratio 2^(semitones / 12) is taken as the
/// simplest fraction within 0.005 cent.
#[derive(Clone, Debug)]
pub struct PitchShift {
    rate: SampleRate,
    stretch: TimeStretch,
}

/// A pitch shift that takes sound in blocks of any size and gives what is ready; made by
/// [`PitchShift::stream`].
///
/// The samples are those of the whole sound at once, to the bit.
#[derive(Debug)]
pub struct PitchShiftStream {
    rate: SampleRate,
    received: u64,
    steps: Option<Steps>,
    channels: usize,
}

/// What is done if anything is.
#[derive(Debug)]
struct Steps {
    resample: ResampleStream,
    /// The rates that the sound is said to have and to get, so that resampling moves it by the
    /// interval.
    rates: [SampleRate; 2],
    stretch: TimeStretchStream,
}

impl PitchShift {
    /// Plans for sound of one sampling rate.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            stretch: TimeStretch::new(rate),
        }
    }

    /// The sound, higher by `semitones` (lower, if they are negative), as long as before.
    ///
    /// What would come to lie above half the sampling rate is left out. No semitones are the sound
    /// itself, to the bit.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if `semitones` is not −36 to 36;
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound has another sampling rate than was
    /// planned for.
    pub fn shift(&self, wave: &Waveform, semitones: f64) -> Result<Waveform> {
        let mut stream = self.stream(semitones, wave.channels())?;
        let mut out = vec![Vec::with_capacity(wave.len()); wave.channels()];
        for samples in blocks(wave.len()) {
            stream.feed(wave, samples, &mut out)?;
        }
        stream.end(&mut out)?;
        Waveform::from_channels(out, wave.rate())
    }

    /// A stream of `channels` that becomes higher by `semitones`.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if `semitones` is not −36 to 36, and
    /// [`Error::Shape`](sarangi_core::Error::Shape) if there is no channel.
    pub fn stream(&self, semitones: f64, channels: usize) -> Result<PitchShiftStream> {
        within(OP, "semitones", semitones, SEMITONES)?;
        let steps = match fraction((semitones / 12.0).exp2(), TOLERANCE) {
            (p, q) if p == q => None,
            (p, q) => {
                let (from, to) = (SampleRate::new(p)?, SampleRate::new(q)?);
                let slower = f64::from(q) / f64::from(p);
                Some(Steps {
                    resample: ResampleStream::new(from, to, channels)?,
                    rates: [from, to],
                    stretch: self.stretch.stream(slower, channels)?,
                })
            }
        };
        Ok(PitchShiftStream {
            rate: self.rate,
            received: 0,
            steps,
            channels,
        })
    }
}

impl PitchShiftStream {
    /// How many samples the output lags behind: sample t has come out when sample t + latency has been
    /// taken in.
    pub fn latency(&self) -> usize {
        let Some(steps) = &self.steps else { return 0 };
        let [p, q] = steps.rates.map(SampleRate::as_f64);
        let of_stretch = (steps.stretch.latency() + 1) as f64 * p / q;
        of_stretch.ceil() as usize + steps.resample.latency()
    }

    /// Takes the next block and returns what is ready, which may be nothing.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the block has other channels or another rate
    /// than the stream.
    pub fn push(&mut self, block: &Waveform) -> Result<Waveform> {
        let mut ready = vec![Vec::new(); self.channels];
        self.feed(block, 0..block.len(), &mut ready)?;
        Waveform::from_channels(ready, self.rate)
    }

    /// Returns the rest: together as many samples as were taken.
    ///
    /// # Errors
    /// [`Error::Backend`](sarangi_core::Error::Backend) if a transform fails.
    pub fn finish(self) -> Result<Waveform> {
        let (mut rest, rate) = (vec![Vec::new(); self.channels], self.rate);
        self.end(&mut rest)?;
        Waveform::from_channels(rest, rate)
    }

    /// Takes some samples of a block and appends what is ready to each channel.
    fn feed(
        &mut self,
        block: &Waveform,
        samples: Range<usize>,
        out: &mut [Vec<f32>],
    ) -> Result<()> {
        if (block.channels(), block.rate()) != (self.channels, self.rate) {
            return Err(sarangi_core::Error::shape(
                OP,
                format_args!("{} channels at {}", self.channels, self.rate),
                format_args!("{} channels at {}", block.channels(), block.rate()),
            ));
        }
        self.received += samples.len() as u64;
        let part = block.samples().slice_move(s![.., samples]);
        match &mut self.steps {
            None => {
                for (out, row) in out.iter_mut().zip(part.rows()) {
                    out.extend(row);
                }
                Ok(())
            }
            Some(steps) => {
                let part = Waveform::new(part.to_owned(), steps.rates[0])?;
                let moved = steps.resample.push(&part)?;
                let moved = Waveform::new(moved.into_samples(), self.rate)?;
                steps.stretch.feed(&moved, 0..moved.len(), out)
            }
        }
    }

    /// Appends the rest to each channel.
    fn end(self, out: &mut [Vec<f32>]) -> Result<()> {
        let Some(mut steps) = self.steps else {
            return Ok(());
        };
        let moved = Waveform::new(steps.resample.finish()?.into_samples(), self.rate)?;
        steps.stretch.feed(&moved, 0..moved.len(), out)?;
        steps.stretch.finish_at(self.received, out)
    }
}

/// The simplest fraction that is the ratio to within `tolerance` cents.
pub(crate) fn fraction(ratio: f64, tolerance: f64) -> (u32, u32) {
    if ratio < 1.0 {
        let (p, q) = fraction(1.0 / ratio, tolerance);
        return (q, p);
    }
    let off = |p: f64, q: f64| 1200.0 * (p / q / ratio).log2().abs();
    // Some fraction of denominator q is within 1 / 2q of a ratio of at least 1, and nearer than the
    // tolerance long before this limit.
    (1..=1 << 18)
        .map(|q| ((ratio * f64::from(q)).round() as u32, q))
        .find(|&(p, q)| off(f64::from(p), f64::from(q)) <= tolerance)
        .unwrap_or((1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_simple_fractions_within_the_tolerance() {
        assert_eq!(fraction(1.0, TOLERANCE), (1, 1));
        assert_eq!(fraction(2.0, TOLERANCE), (2, 1));
        assert_eq!(fraction(0.25, TOLERANCE), (1, 4));
        let mut largest = 0;
        for tenths in -3600..=3600 {
            let ratio = (f64::from(tenths) / 1200.0).exp2();
            let (p, q) = fraction(ratio, TOLERANCE);
            let cents = 1200.0 * (f64::from(p) / f64::from(q) / ratio).log2();
            assert!(cents.abs() <= TOLERANCE, "{tenths} {p}/{q} {cents}");
            largest = largest.max(p.max(q));
        }
        assert!(largest < 50_000, "{largest}");
    }
}
