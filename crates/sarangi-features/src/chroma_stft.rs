//! Chroma: the power of each pitch class.

use std::sync::OnceLock;

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft, StftScratch};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::matrix::product_into;
use crate::of_power;
use crate::{Analysis, ChannelFeature, FrameNorm, OfPower, tuning};

/// Chroma from the power spectrogram, with the names and defaults of `librosa.feature.chroma_stft`;
/// row 0 is C.
///
/// Proved by `chroma_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/chroma-stft.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChromaStftSpec {
    /// Pitch classes per octave, 1 to 96. Default 12.
    pub n_chroma: usize,
    /// Distance from A = 440 Hz in bins (of an octave of `n_chroma`); `None` to estimate it for
    /// each sound to a hundredth of a bin. Default `None`.
    pub tuning: Option<f64>,
    /// Scaling of each frame. Default by its maximum.
    pub norm: FrameNorm,
    /// Centre of the octaves that count most, in octaves above A0. Default 5.
    pub ctroct: f64,
    /// Width of the bell over octaves; `None` for all octaves alike. Default 2.
    pub octwidth: Option<f64>,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for ChromaStftSpec {
    fn default() -> Self {
        Self {
            n_chroma: 12,
            tuning: None,
            norm: FrameNorm::Inf,
            ctroct: 5.0,
            octwidth: Some(2.0),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for ChromaStftSpec {
    type Built = ChromaStft;

    fn build(&self, rate: SampleRate) -> Result<ChromaStft> {
        let stft = self.analysis.stft()?;
        let scratch = stft.scratch();
        Ok(ChromaStft {
            rate,
            stft,
            projection: ChromaProjection::new(self, rate)?,
            scratch: Pool::new(move || (scratch.clone(), Vec::new())),
        })
    }
}

/// A planned chroma: (n_chroma, frames).
#[derive(Debug)]
pub struct ChromaStft {
    rate: SampleRate,
    stft: Stft,
    projection: ChromaProjection,
    scratch: Pool<(StftScratch, Vec<f32>)>,
}

impl ChannelFeature for ChromaStft {
    fn name(&self) -> &'static str {
        "chroma_stft"
    }

    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn bins(&self) -> usize {
        self.projection.classes()
    }

    fn frames(&self, samples: usize) -> usize {
        self.stft.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch.with(|(stft, power)| {
            power.resize(self.stft.bins() * frames, 0.0);
            self.stft.power_into(samples, 0..frames, power, stft)?;
            self.projection.of_power(power, frames, out)
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for ChromaStft {
    fn stft(&self) -> &Stft {
        &self.stft
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.projection.of_power(power, frames, out)
    }
}

features_of_channels!(ChromaStft);

/// The step from a power spectrogram to chroma.
///
/// A bank is designed when its tuning is first met, then kept: sounds of one collection share few.
#[derive(Debug)]
pub(crate) struct ChromaProjection {
    spec: ChromaStftSpec,
    rate: SampleRate,
    /// One bank for a given tuning, or one per step of estimated tuning.
    banks: Vec<OnceLock<Array2<f32>>>,
}

impl ChromaProjection {
    pub(crate) fn new(spec: &ChromaStftSpec, rate: SampleRate) -> Result<Self> {
        within("chroma_stft", "n_chroma", spec.n_chroma, 1..=96)?;
        within("chroma_stft", "ctroct", spec.ctroct, -1e3..=1e3)?;
        if let Some(width) = spec.octwidth {
            within("chroma_stft", "octwidth", width, 1e-3..=1e6)?;
        }
        if let Some(tuning) = spec.tuning {
            within("chroma_stft", "tuning", tuning, -1e3..=1e3)?;
        }
        let count = spec.tuning.map_or(tuning::STEPS, |_| 1);
        Ok(Self {
            spec: spec.clone(),
            rate,
            banks: (0..count).map(|_| OnceLock::new()).collect(),
        })
    }

    pub(crate) fn classes(&self) -> usize {
        self.spec.n_chroma
    }

    /// # Shapes
    /// `power` is row-major (STFT bins, `frames`), `out` row-major (n_chroma, `frames`).
    pub(crate) fn of_power(&self, power: &[f32], frames: usize, out: &mut [f32]) -> Result<()> {
        let (step, tuning) = match self.spec.tuning {
            Some(tuning) => (0, tuning),
            None => {
                let resolution = self.rate.as_f64() / self.spec.analysis.n_fft as f64;
                let nyquist = self.rate.as_f64() / 2.0;
                let classes = self.spec.n_chroma;
                let step = tuning::estimate_step(power, frames, resolution, nyquist, classes);
                (step, tuning::of_step(step))
            }
        };
        let bank = self.banks[step].get_or_init(|| bank(&self.spec, self.rate, tuning));
        product_into(bank, power, frames, out)?;
        self.spec.norm.apply(out, frames);
        Ok(())
    }
}

/// The filters, (n_chroma, STFT bins), as `librosa.filters.chroma`.
///
/// Bin k lies at q(k) classes above A0; its weights are a bell over the distance to each class, as
/// wide as the bin is, of unit length, times a bell over octaves.
fn bank(spec: &ChromaStftSpec, rate: SampleRate, tuning: f64) -> Array2<f32> {
    let (classes, n_fft) = (spec.n_chroma, spec.analysis.n_fft);
    let count = classes as f64;
    let a0 = 440.0 * (tuning / count).exp2() / 16.0;
    let above_a0 = |bin: usize| count * (bin as f64 * rate.as_f64() / n_fft as f64 / a0).log2();
    // Bin 0 has no pitch: it is put an octave and a half below bin 1, opposite to its class.
    let place = |bin: usize| match bin {
        0 => above_a0(1) - 1.5 * count,
        _ => above_a0(bin),
    };
    let half = (count / 2.0).round_ties_even();
    // From rows that begin with A to rows that begin with C.
    let rotation = 3 * (classes / 12);
    let mut weights = Array2::zeros((classes, n_fft / 2 + 1));
    for (bin, mut column) in weights.columns_mut().into_iter().enumerate() {
        let q = place(bin);
        let width = match bin + 1 < n_fft {
            true => (place(bin + 1) - q).max(1.0),
            false => 1.0,
        };
        let bell = |class: usize| {
            let distance = (q - class as f64 + half + 10.0 * count).rem_euclid(count) - half;
            (-0.5 * (2.0 * distance / width).powi(2)).exp()
        };
        let length = (0..classes).map(|c| bell(c).powi(2)).sum::<f64>().sqrt();
        let octaves = spec.octwidth.map_or(1.0, |octwidth| {
            (-0.5 * ((q / count - spec.ctroct) / octwidth).powi(2)).exp()
        });
        for (row, weight) in column.iter_mut().enumerate() {
            let class = (row + rotation) % classes;
            *weight = (bell(class) / length.max(f64::MIN_POSITIVE) * octaves) as f32;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pitch_falls_into_its_class() {
        let spec = ChromaStftSpec::default();
        let weights = bank(&spec, SampleRate::HZ_22050, 0.0);
        for (hz, class) in [
            (261.63, 0),
            (440.0, 9),
            (880.0, 9),
            (493.88, 11),
            (1108.7, 1),
        ] {
            let bin = (hz / 22_050.0 * 2048.0f64).round() as usize;
            let column = weights.column(bin);
            let loudest = (0..12).max_by(|&a, &b| column[a].total_cmp(&column[b]));
            assert_eq!(loudest, Some(class), "{hz} Hz");
        }
    }
}
