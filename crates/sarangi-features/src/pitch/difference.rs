//! The difference function in which YIN looks for periods.

use sarangi_core::{Error, Result, SampleRate};
use sarangi_dsp::{Autocorrelation, AutocorrelationScratch, Framing, Padding};
use serde::{Deserialize, Serialize};

use crate::check::within;

/// The longest frame in samples.
const LONGEST: usize = 1 << 16;

/// Where a fundamental frequency is looked for, with librosa's names and defaults.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own.
/// (librosa's `win_length` has no effect since 0.11 and is not there.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PitchFrames {
    /// The lowest frequency in Hz; its period must fit into a frame. Default C2, 65.4 Hz.
    pub fmin: f64,
    /// The highest frequency in Hz, at most half the rate. Default C7, 2093 Hz.
    pub fmax: f64,
    /// Samples per frame, 4 to 65,536. Default 2048.
    pub frame_length: usize,
    /// Samples between frames; `None` is a quarter of `frame_length`. Default `None`.
    pub hop_length: Option<usize>,
    /// Whether frame t is centred on sample t · hop. Default true.
    pub center: bool,
    /// What centred frames see beyond the ends. Default zeros.
    pub pad_mode: Padding,
}

impl PitchFrames {
    /// Samples between frames.
    pub(crate) fn hop(&self) -> usize {
        self.hop_length.unwrap_or(self.frame_length / 4)
    }
}

impl Default for PitchFrames {
    fn default() -> Self {
        // Two octaves below and three above middle C.
        let middle = 440.0 * 2f64.powf(-9.0 / 12.0);
        Self {
            fmin: middle / 4.0,
            fmax: middle * 8.0,
            frame_length: 2048,
            hop_length: None,
            center: true,
            pad_mode: Padding::Constant,
        }
    }
}

/// A planned cumulative mean normalised difference function (de Cheveigné and Kawahara 2002, "YIN, a
/// fundamental frequency estimator for speech and music", equation 8).
///
/// d(τ) = 2 (r(0) − r(τ)) − Σ_{m < τ} y(m)², r being the autocorrelation of a frame y; and
/// d'(τ) = d(τ) / (mean of d(1), …, d(τ)). In double precision: at a period of the sound, d is the
/// small difference of large numbers.
#[derive(Debug)]
pub(crate) struct Difference {
    rate: SampleRate,
    framing: Framing,
    window: Vec<f64>,
    correlation: Autocorrelation,
    /// The shortest period in samples; the longest is that of the last lag.
    min_period: usize,
}

/// Working memory, and the function of the frame that was computed last.
#[derive(Clone, Debug)]
pub(crate) struct DifferenceScratch {
    frame: Vec<f64>,
    power: Vec<f64>,
    lags: Vec<f64>,
    correlation: AutocorrelationScratch,
    /// d' from the shortest to the longest period.
    pub(crate) values: Vec<f64>,
}

impl Difference {
    pub(crate) fn new(name: &'static str, frames: &PitchFrames, rate: SampleRate) -> Result<Self> {
        let (len, hz) = (frames.frame_length, rate.as_f64());
        within(name, "frame_length", len, 4..=LONGEST)?;
        let hop = frames.hop();
        within(name, "hop_length", hop, 1..=1 << 20)?;
        let least = hz / (len - 1) as f64;
        if frames.fmin.is_nan() || frames.fmin <= least {
            let reason = format!(
                "must be above {least} Hz, whose period fits into frame_length, got {}",
                frames.fmin
            );
            return Err(Error::config(name, "fmin", reason));
        }
        let min_period = (hz / frames.fmax).floor();
        let max_period = ((hz / frames.fmin).ceil() as usize).min(len - 1);
        if !(frames.fmax <= hz / 2.0 && frames.fmin < frames.fmax && min_period < max_period as f64)
        {
            let reason = format!(
                "must be above fmin ({}) and at most {} Hz, got {}",
                frames.fmin,
                hz / 2.0,
                frames.fmax
            );
            return Err(Error::config(name, "fmax", reason));
        }
        Ok(Self {
            rate,
            framing: Framing::new(len, hop, frames.center.then_some(frames.pad_mode)),
            window: vec![1.0; len],
            correlation: Autocorrelation::with_lags(len, max_period + 1),
            min_period: min_period as usize,
        })
    }

    pub(crate) fn rate(&self) -> SampleRate {
        self.rate
    }

    pub(crate) fn hop_length(&self) -> usize {
        self.framing.hop()
    }

    pub(crate) fn frames(&self, samples: usize) -> usize {
        self.framing.frames(samples)
    }

    pub(crate) fn scratch(&self) -> DifferenceScratch {
        let lags = self.correlation.lags();
        DifferenceScratch {
            frame: vec![0.0; self.framing.length()],
            power: vec![0.0; self.correlation.bins()],
            lags: vec![0.0; lags],
            correlation: self.correlation.scratch(),
            values: vec![0.0; lags - self.min_period],
        }
    }

    /// Computes d' of one frame.
    pub(crate) fn frame(
        &self,
        samples: &[f32],
        frame: usize,
        scratch: &mut DifferenceScratch,
    ) -> Result<()> {
        let (y, lags) = (&mut scratch.frame, &mut scratch.lags);
        self.framing.windowed_into(samples, frame, &self.window, y);
        scratch.power.fill(0.0);
        let (power, correlation) = (&mut scratch.power, &mut scratch.correlation);
        self.correlation.add_power(y, 1.0, power, correlation)?;
        self.correlation.lags_into(power, lags, correlation)?;
        let whole = lags[0];
        let (mut energy, mut sum) = (0.0, 0.0);
        for (before, (&lag, &x)) in lags[1..].iter().zip(y.iter()).enumerate() {
            energy += x * x;
            // librosa forgets the square at τ = 1, which stays in all means.
            let left_out = if before == 0 { 0.0 } else { energy };
            let difference = 2.0 * (whole - lag) - left_out;
            sum += difference;
            let period = before + 1;
            if let Some(at) = period.checked_sub(self.min_period) {
                scratch.values[at] = difference / (sum / period as f64 + f64::MIN_POSITIVE);
            }
        }
        Ok(())
    }

    /// The frequency in Hz of the trough at `at` of `values`, refined by the parabola through it and
    /// its neighbours.
    pub(crate) fn frequency(&self, values: &[f64], at: usize) -> f64 {
        let shift = match at
            .checked_sub(1)
            .and_then(|left| values.get(left..left + 3))
        {
            Some(&[left, here, right]) => {
                let curvature = right + left - 2.0 * here;
                let slope = (right - left) / 2.0;
                // Beyond a neighbour no parabola is to be trusted; not so for NaN either.
                if slope.abs() < curvature.abs() {
                    -slope / curvature
                } else {
                    0.0
                }
            }
            _ => 0.0,
        };
        self.rate.as_f64() / ((self.min_period + at) as f64 + shift)
    }
}

/// Whether there is a trough at `at`: below what is before and not above what comes after, the first
/// value below the second, the last below the one before.
pub(crate) fn is_trough(values: &[f64], at: usize) -> bool {
    let here = values[at];
    let falls = at == 0 || here < values[at - 1];
    match values.get(at + 1) {
        Some(&next) if at == 0 => here < next,
        Some(&next) => falls && here <= next,
        None => falls && at > 0,
    }
}
