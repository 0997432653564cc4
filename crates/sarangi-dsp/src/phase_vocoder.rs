//! The plain phase vocoder.

use std::f64::consts::TAU;
use std::ops::RangeInclusive;

use ndarray::Array2;
use num_complex::Complex32;
use sarangi_core::{Error, Result, SampleRate, Spec, Waveform, within};

use crate::pitch_shift::fraction;
use crate::{Istft, ResampleStream, Stft, StftSpec};

const OP: &str = "phase_vocoder";

/// How far the pitch may be off, in cents: the samples of a minute must not drift from librosa's.
const TOLERANCE: f64 = 1e-4;

/// How much faster a sound can become.
const RATES: RangeInclusive<f64> = 0.1..=10.0;

/// A planned plain phase vocoder, equal to `librosa.effects.time_stretch` and, but for the filter
/// that resamples, `librosa.effects.pitch_shift`.
///
/// For what librosa did to a training set to be done again. It smears attacks over a frame and
/// loses the shape of what several bins make together, so that [`TimeStretch`](crate::TimeStretch)
/// sounds better, and is faster.
///
/// Proved by `fixtures/golden/vocoder`.
#[derive(Debug)]
pub struct PhaseVocoder {
    rate: SampleRate,
    stft: Stft,
    istft: Istft,
}

impl PhaseVocoder {
    /// Plans for sound of one sampling rate, with frames of 2048 samples every 512.
    ///
    /// # Errors
    /// None for these lengths; the transforms' specification has a fallible build.
    pub fn new(rate: SampleRate) -> Result<Self> {
        let spec = StftSpec::default();
        Ok(Self {
            rate,
            stft: spec.build(())?,
            istft: spec.build_inverse()?,
        })
    }

    /// The sound `rate` times as fast: round(samples / rate) samples, a half rounded to even.
    ///
    /// # Errors
    /// [`Error::Config`] if `rate` is not 0.1 to 10, and [`Error::Shape`] if the sound has another
    /// sampling rate than was planned for.
    pub fn stretch(&self, wave: &Waveform, rate: f64) -> Result<Waveform> {
        within(OP, "rate", rate, RATES)?;
        if wave.rate() != self.rate {
            let expected = format_args!("sound at {}", self.rate);
            return Err(Error::shape(OP, expected, wave.rate()));
        }
        let length = (wave.len() as f64 / rate).round_ties_even() as usize;
        let channels = (0..wave.channels())
            .map(|channel| match wave.is_empty() {
                true => Ok(Vec::new()),
                false => self.stretch_channel(wave.channel(channel)?, rate, length),
            })
            .collect::<Result<Vec<_>>>()?;
        Waveform::from_channels(channels, self.rate)
    }

    /// The sound, higher by `semitones` (lower, if they are negative), as long as before.
    ///
    /// # Errors
    /// [`Error::Config`] if `semitones` is not −36 to 36, and [`Error::Shape`] if the sound has
    /// another sampling rate than was planned for.
    pub fn shift(&self, wave: &Waveform, semitones: f64) -> Result<Waveform> {
        within(OP, "semitones", semitones, -36.0..=36.0)?;
        let ratio = (semitones / 12.0).exp2();
        let stretched = self.stretch(wave, 1.0 / ratio)?;
        let (p, q) = fraction(ratio, TOLERANCE);
        let (from, to) = (SampleRate::new(p)?, SampleRate::new(q)?);
        let mut stream = ResampleStream::new(from, to, wave.channels())?;
        let head = stream.push(&Waveform::new(stretched.into_samples(), from)?)?;
        let tail = stream.finish()?;
        let channels = (0..wave.channels())
            .map(|channel| {
                let mut whole = [head.channel(channel)?, tail.channel(channel)?].concat();
                whole.resize(wave.len(), 0.0);
                Ok(whole)
            })
            .collect::<Result<Vec<_>>>()?;
        Waveform::from_channels(channels, self.rate)
    }

    fn stretch_channel(&self, samples: &[f32], rate: f64, length: usize) -> Result<Vec<f32>> {
        let (bins, frames) = (self.stft.bins(), self.stft.frames(samples.len()));
        if frames == 0 {
            let expected = "a sound of at least one frame";
            return Err(Error::shape(OP, expected, samples.len()));
        }
        // In rows: each bin is followed through time.
        let mut spectra = vec![Complex32::default(); bins * frames];
        let scratch = &mut self.stft.scratch();
        self.stft
            .complex_into(samples, 0..frames, &mut spectra, scratch)?;
        // numpy.arange(0, frames, rate)
        let steps = (frames as f64 / rate).ceil() as usize;
        let mut moved = Array2::default((bins, steps));
        let (mut angles, mut sizes) = (Vec::new(), Vec::new());
        let rows = spectra.chunks_exact(frames).zip(moved.rows_mut());
        for (bin, (row, mut out)) in rows.enumerate() {
            // Two frames of silence follow the last.
            angles.clear();
            angles.extend(row.iter().map(|x| x.arg()).chain([0.0; 2]));
            sizes.clear();
            sizes.extend(row.iter().map(|x| x.norm()).chain([0.0; 2]));
            let hop = self.stft.hop_length() as f64;
            let expected = hop * TAU * bin as f64 / self.stft.n_fft() as f64;
            let mut phase = angles[0];
            for (t, y) in out.iter_mut().enumerate() {
                let step = t as f64 * rate;
                let (at, share) = (step as usize, step.fract());
                let size = (1.0 - share) * f64::from(sizes[at]) + share * f64::from(sizes[at + 1]);
                *y = Complex32::new(
                    (f64::from(phase.cos()) * size) as f32,
                    (f64::from(phase.sin()) * size) as f32,
                );
                let off = f64::from(angles[at + 1] - angles[at]) - expected;
                let off = off - TAU * (off / TAU).round_ties_even();
                // librosa adds the phases up in single precision.
                phase = (f64::from(phase) + (expected + off)) as f32;
            }
        }
        self.istft.signal(moved.view(), length)
    }
}
