//! Faster and slower at the same pitch.

mod lock;
mod phases;
mod relate;
mod stream;

use std::f64::consts::TAU;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner};
use sarangi_core::{Result, SampleRate, Waveform, within};

pub use stream::TimeStretchStream;

use crate::real_fft::RealFft;
use crate::smooth_length;

const OP: &str = "time_stretch";

/// How much faster a sound can become.
const RATES: RangeInclusive<f64> = 0.1..=10.0;

/// The length of a frame in seconds: enough to tell the partials of a chord apart.
const FRAME: f64 = 0.116;

/// A planned time stretch: faster or slower by any rate, at the same pitch.
///
/// A phase vocoder whose phases are locked. Frame k of the output, k · hop in it, is made of the
/// frame of the sound at k · hop · rate, whose bins X\[b\] keep their size and get new phases:
///
/// - What a frame holds at a delay d from its middle belongs at d / rate in the output. The delay
///   is the slope of the phases, d = −n_fft / 2π · arg Σ X\[b\] X*\[b−1\] over five bins, so that
///   X is turned to X′ by adding up (1 / rate − 1) times the slopes from bin to bin. So an attack is
///   an attack still.
/// - The offset U = exp(iφ) from X′ is what the neighbours say, each weighted by its energy: the
///   bins one and four below say their own offsets, and those one and four above that which keeps
///   their frequency, U₋ · X′₋ (X P*) X′* / max(|X|², |P|²). Here P is the frame of the sound one
///   output hop before X, so that X P* has the advance of the phase over a hop as it is, nothing
///   unwrapped, and ₋ marks the output frame before. Loud bins win: the bins of a partial share its
///   offset, and where nothing was before, all offsets are alike, which keeps an attack in one piece.
///
/// Channels share their offsets and delays, so that what is between them stays as it is.
///
/// The idea of weighing what several neighbours predict is Signalsmith Stretch's (Luff 2022, "Four
/// Ways To Write A Pitch-Shifter"); that of the phase's slopes as delays Průša and Holighaus's (2017,
/// "Phase Vocoder Done Right"). What librosa's `effects.time_stretch` computes is
/// [`PhaseVocoder`](crate::PhaseVocoder).
#[derive(Clone, Debug)]
pub struct TimeStretch(Arc<Plan>);

struct Plan {
    rate: SampleRate,
    window: Vec<f32>,
    /// The window over its length, which the inverse transform leaves in.
    synthesis: Vec<f32>,
    forward: RealFft,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl TimeStretch {
    /// Plans for sound of one sampling rate, with frames of 0.116 s.
    pub fn new(rate: SampleRate) -> Self {
        let n_fft =
            16 * smooth_length((FRAME * f64::from(rate.hz()) / 16.0).ceil().max(4.0) as usize);
        let weight = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / n_fft as f64).cos();
        Self(Arc::new(Plan {
            rate,
            window: (0..n_fft).map(|i| weight(i) as f32).collect(),
            synthesis: (0..n_fft)
                .map(|i| (weight(i) / n_fft as f64) as f32)
                .collect(),
            forward: RealFft::new(n_fft),
            inverse: RealFftPlanner::new().plan_fft_inverse(n_fft),
        }))
    }

    /// The sound `rate` times as fast: round(samples / rate) samples, a half rounded to even.
    ///
    /// Rate 1 is the sound itself, to the bit.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if `rate` is not 0.1 to 10;
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound has another sampling rate than was
    /// planned for.
    pub fn stretch(&self, wave: &Waveform, rate: f64) -> Result<Waveform> {
        let mut stream = self.stream(rate, wave.channels())?;
        let length = stretched(wave.len() as u64, rate);
        let capacity = usize::try_from(length).unwrap_or(0);
        let mut out = vec![Vec::with_capacity(capacity); wave.channels()];
        for samples in blocks(wave.len()) {
            stream.feed(wave, samples, &mut out)?;
        }
        stream.finish_at(length, &mut out)?;
        Waveform::from_channels(out, wave.rate())
    }

    /// A stream of `channels` that becomes `rate` times as fast.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if `rate` is not 0.1 to 10, and
    /// [`Error::Shape`](sarangi_core::Error::Shape) if there is no channel.
    pub fn stream(&self, rate: f64, channels: usize) -> Result<TimeStretchStream> {
        within(OP, "rate", rate, RATES)?;
        if channels == 0 {
            return Err(sarangi_core::Error::shape(OP, "at least one channel", 0));
        }
        Ok(TimeStretchStream::new(Arc::clone(&self.0), rate, channels))
    }
}

/// The samples of a sound that is `rate` times as fast.
fn stretched(samples: u64, rate: f64) -> u64 {
    (samples as f64 / rate).round_ties_even() as u64
}

/// A sound in blocks that stay in the cache while they are worked on.
pub(crate) fn blocks(len: usize) -> impl Iterator<Item = Range<usize>> {
    const BLOCK: usize = 1 << 15;
    (0..len)
        .step_by(BLOCK)
        .map(move |start| start..len.min(start + BLOCK))
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("rate", &self.rate)
            .field("n_fft", &self.window.len())
            .finish_non_exhaustive()
    }
}
