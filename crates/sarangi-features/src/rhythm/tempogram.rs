//! Tempograms: how well onsets repeat after each lag, in a sliding window.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{
    Autocorrelation, AutocorrelationPrecision, AutocorrelationScratch, Pool, Stft, Window,
};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::of_power;
use crate::spectra::BLOCK;
use crate::{Aggregate, Analysis, ChannelFeature, MelBands, OfPower, Onset, OnsetSpec};

/// The longest window in frames.
const LONGEST: usize = 1 << 16;

/// A local autocorrelation of the onset strength, with the names and defaults of
/// `librosa.feature.tempogram`; `win_length` counts frames of the onset strength.
///
/// Each frame is divided by its largest value; row k is the lag of k frames, or
/// 60 · rate / (hop · k) beats per minute. Proved by `rhythm_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/tempogram.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TempogramSpec {
    /// Frames in a window, 2 to 65,536, and rows of the map. Default 384.
    pub win_length: usize,
    /// The window over the onset strength. Default Hann.
    pub window: Window,
    /// Onset strength: samples per transform. Default 2048.
    pub n_fft: usize,
    /// Onset strength: samples between frames. Default 512.
    pub hop_length: usize,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
}

impl Default for TempogramSpec {
    fn default() -> Self {
        Self {
            win_length: 384,
            window: Window::Hann,
            n_fft: 2048,
            hop_length: 512,
            bands: MelBands::default(),
        }
    }
}

impl Spec<SampleRate> for TempogramSpec {
    type Built = Tempogram;

    fn build(&self, rate: SampleRate) -> Result<Tempogram> {
        within("tempogram", "win_length", self.win_length, 2..=LONGEST)?;
        let onset = OnsetSpec {
            aggregate: Aggregate::Mean,
            bands: self.bands.clone(),
            analysis: Analysis {
                n_fft: self.n_fft,
                hop_length: self.hop_length,
                ..Analysis::default()
            },
            ..OnsetSpec::default()
        };
        Ok(Tempogram {
            onset: onset.build(rate)?,
            local: LocalAutocorrelation::new(self.win_length, self.window),
        })
    }
}

/// A planned tempogram: (win_length, frames).
#[derive(Debug)]
pub struct Tempogram {
    onset: Onset,
    local: LocalAutocorrelation<f32>,
}

impl ChannelFeature for Tempogram {
    fn name(&self) -> &'static str {
        "tempogram"
    }

    fn rate(&self) -> SampleRate {
        self.onset.rate()
    }

    fn bins(&self) -> usize {
        self.local.lags()
    }

    fn frames(&self, samples: usize) -> usize {
        self.onset.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        let mut onset = vec![0.0; frames];
        self.onset.compute_into(samples, &mut onset)?;
        self.local.each_frame(&onset, out)
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Tempogram {
    fn stft(&self) -> &Stft {
        self.onset.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        let mut onset = vec![0.0; frames];
        self.onset.compute_of_power(power, &mut onset)?;
        self.local.each_frame(&onset, out)
    }
}

features_of_channels!(Tempogram);

/// The autocorrelation of an onset curve in a window around each of its frames: in double precision for
/// decisions, in single precision for maps.
#[derive(Debug)]
pub(crate) struct LocalAutocorrelation<T: Precision> {
    window: Vec<f64>,
    plan: Autocorrelation<T>,
    scratch: Pool<Scratch<T>>,
}

#[derive(Debug)]
struct Scratch<T: Precision> {
    padded: Vec<f32>,
    frame: Vec<T>,
    power: Vec<T>,
    lags: Vec<T>,
    /// The lags of each frame of a block.
    block: Vec<f32>,
    fft: AutocorrelationScratch<T>,
}

/// What [`Autocorrelation`] computes in.
pub(crate) trait Precision: AutocorrelationPrecision + 'static {
    fn of(x: f64) -> Self;
    fn single(self) -> f32;
}

impl Precision for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }

    fn single(self) -> f32 {
        self
    }
}

impl Precision for f64 {
    fn of(x: f64) -> Self {
        x
    }

    fn single(self) -> f32 {
        self as f32
    }
}

impl<T: Precision> LocalAutocorrelation<T> {
    pub(crate) fn new(win_length: usize, window: Window) -> Self {
        let plan = Autocorrelation::new(win_length);
        let (bins, fft) = (plan.bins(), plan.scratch());
        Self {
            window: window.periodic(win_length),
            plan,
            scratch: Pool::new(move || Scratch {
                padded: Vec::new(),
                frame: vec![T::of(0.0); win_length],
                power: vec![T::of(0.0); bins],
                lags: vec![T::of(0.0); win_length],
                block: vec![0.0; win_length * BLOCK],
                fft: fft.clone(),
            }),
        }
    }

    pub(crate) fn lags(&self) -> usize {
        self.plan.len()
    }

    /// The normalised autocorrelation around each frame.
    ///
    /// # Shapes
    /// `out` is row-major (lags, length of `onset`).
    fn each_frame(&self, onset: &[f32], out: &mut [f32]) -> Result<()> {
        self.scratch.with(|scratch| {
            self.pad(onset, &mut scratch.padded);
            let (frames, lags) = (onset.len(), self.lags());
            for first in (0..frames).step_by(BLOCK) {
                let width = BLOCK.min(frames - first);
                for i in 0..width {
                    self.normalised(first + i, scratch);
                    scratch.power.fill(T::of(0.0));
                    self.plan.add_power(
                        &scratch.frame,
                        T::of(1.0),
                        &mut scratch.power,
                        &mut scratch.fft,
                    )?;
                    self.plan
                        .lags_into(&scratch.power, &mut scratch.lags, &mut scratch.fft)?;
                    for (y, &lag) in scratch.block[i * lags..].iter_mut().zip(&scratch.lags) {
                        *y = lag.single();
                    }
                }
                // A cache line of each row at a time.
                for (lag, row) in out.chunks_exact_mut(frames).enumerate() {
                    let column = scratch.block[lag..].iter().step_by(lags);
                    for (y, &x) in row[first..first + width].iter_mut().zip(column) {
                        *y = x;
                    }
                }
            }
            Ok(())
        })
    }

    /// The mean over all frames of what [`each_frame`](Self::each_frame) gives, into `mean`.
    ///
    /// The sum is taken of the power spectra, so that one transform back serves all frames.
    pub(crate) fn mean(&self, onset: &[f32], mean: &mut [T]) -> Result<()> {
        self.scratch.with(|scratch| {
            self.pad(onset, &mut scratch.padded);
            scratch.power.fill(T::of(0.0));
            for t in 0..onset.len() {
                let energy = self.windowed(t, scratch);
                if energy > 0.0 {
                    self.plan.add_power(
                        &scratch.frame,
                        T::of(reciprocal(energy) / onset.len() as f64),
                        &mut scratch.power,
                        &mut scratch.fft,
                    )?;
                }
            }
            self.plan.lags_into(&scratch.power, mean, &mut scratch.fft)
        })
    }

    /// Puts half a window before and after the curve, falling in a straight line to zero.
    fn pad(&self, onset: &[f32], padded: &mut Vec<f32>) {
        let pad = self.window.len() / 2;
        let ramp = |edge: Option<&f32>, i: usize| {
            edge.map_or(0.0, |&edge| {
                (f64::from(edge) * i as f64 / pad as f64) as f32
            })
        };
        padded.clear();
        padded.extend((0..pad).map(|i| ramp(onset.first(), i)));
        padded.extend_from_slice(onset);
        padded.extend((0..pad).rev().map(|i| ramp(onset.last(), i)));
    }

    /// Writes the windowed frame around `t` and returns its energy, which is the largest value of
    /// its autocorrelation: that at lag 0.
    fn windowed(&self, t: usize, scratch: &mut Scratch<T>) -> f64 {
        let mut energy = 0.0;
        for (y, x) in scratch
            .frame
            .iter_mut()
            .zip(self.around(t, &scratch.padded))
        {
            *y = T::of(x);
            energy += x * x;
        }
        energy
    }

    /// Writes the windowed frame around `t` with an energy of 1; a silent one stays as it is.
    fn normalised(&self, t: usize, scratch: &mut Scratch<T>) {
        let energy: f64 = self.around(t, &scratch.padded).map(|x| x * x).sum();
        let scale = reciprocal(energy).sqrt();
        for (y, x) in scratch
            .frame
            .iter_mut()
            .zip(self.around(t, &scratch.padded))
        {
            *y = T::of(x * scale);
        }
    }

    fn around(&self, t: usize, padded: &[f32]) -> impl Iterator<Item = f64> {
        let samples = padded[t..].iter().zip(&self.window);
        samples.map(|(&x, &w)| f64::from(x) * w)
    }
}

/// A silent frame stays as it is.
fn reciprocal(energy: f64) -> f64 {
    if energy >= f64::MIN_POSITIVE {
        1.0 / energy
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_all_frames() {
        let onset: Vec<f32> = (0..50).map(|i| f32::from(u8::from(i % 7 == 0))).collect();
        for len in [2, 15, 16, 60] {
            let local = LocalAutocorrelation::<f64>::new(len, Window::Hann);
            let mut all = vec![0.0; len * onset.len()];
            local.each_frame(&onset, &mut all).unwrap();
            let mut mean = vec![0.0; len];
            local.mean(&onset, &mut mean).unwrap();
            for (row, &mean) in all.chunks(onset.len()).zip(&mean) {
                let want = row.iter().map(|&x| f64::from(x)).sum::<f64>() / 50.0;
                assert!((want - mean).abs() < 1e-6, "{len}: {want} {mean}");
            }
        }
    }

    #[test]
    fn silence_has_no_correlation() {
        let local = LocalAutocorrelation::<f64>::new(16, Window::Hann);
        let mut mean = [1.0; 16];
        local.mean(&[0.0; 5], &mut mean).unwrap();
        assert_eq!(mean, [0.0; 16]);
        local.mean(&[], &mut mean).unwrap();
    }
}
