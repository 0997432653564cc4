//! Per-channel energy normalisation.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::{Analysis, ChannelFeature, Mel, MelBands};

/// A mel spectrogram whose bands are divided by their own smoothed past and compressed, with the
/// names and defaults of `librosa.pcen` (Wang et al. 2017), which is given
/// `scale · librosa.feature.melspectrogram(power=mel_power)`.
///
/// P = (S / (ε + M)^gain + bias)^power − bias^power, where M\[t\] = (1 − b) · M\[t−1\] + b · S\[t\]
/// and M\[−1\] = 1. Proved by `pcen_*` in the golden files. There is no floor, so that the quietest
/// band counts: the transform is computed in double precision.
#[cfg_attr(doc, doc = include_str!("../pictures/pcen.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PcenSpec {
    /// The exponent of the smoothed past, 0 to 1. Default 0.98.
    pub gain: f64,
    /// Added before the compression, at least 0. Default 2.
    pub bias: f64,
    /// The exponent of the compression, 0 to 1; 0 is a logarithm. Default 0.5.
    pub power: f64,
    /// Seconds of the smoothing, above 0. Default 0.4.
    pub time_constant: f64,
    /// Added to the smoothed past, above 0. Default 1e-6.
    pub eps: f64,
    /// The smoothing filter's share of the new value, above 0 and at most 1; `None` goes by
    /// `time_constant`. Default `None`.
    pub b: Option<f64>,
    /// What the mel spectrogram is multiplied by, above 0: librosa's examples take samples as 32-bit
    /// integers. Default 2³¹.
    pub scale: f64,
    /// Exponent of the magnitude in the mel spectrogram. Default 1.
    pub mel_power: f64,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for PcenSpec {
    fn default() -> Self {
        Self {
            gain: 0.98,
            bias: 2.0,
            power: 0.5,
            time_constant: 0.4,
            eps: 1e-6,
            b: None,
            scale: 2f64.powi(31),
            mel_power: 1.0,
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

/// Planned per-channel energy normalisation: (n_mels, frames).
#[derive(Debug)]
pub struct Pcen {
    mel: Mel,
    step: Step,
}

/// The numbers of one step in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    b: f64,
    gain: f64,
    bias: f64,
    power: f64,
    eps: f64,
    scale: f64,
}

impl Spec<SampleRate> for PcenSpec {
    type Built = Pcen;

    fn build(&self, rate: SampleRate) -> Result<Pcen> {
        const NAME: &str = "pcen";
        within(NAME, "gain", self.gain, 0.0..=1.0)?;
        within(NAME, "bias", self.bias, 0.0..=1e9)?;
        within(NAME, "power", self.power, 0.0..=1.0)?;
        within(NAME, "time_constant", self.time_constant, 1e-6..=1e6)?;
        within(NAME, "eps", self.eps, 1e-30..=1e9)?;
        within(NAME, "scale", self.scale, 1e-12..=1e12)?;
        if self.bias == 0.0 && self.power == 0.0 {
            let reason = "must be above 0 where `power` is 0: the logarithm of silence is infinite";
            return Err(Error::config(NAME, "bias", reason));
        }
        let mel = Mel::precise(&self.bands, &self.analysis, self.mel_power, rate)?;
        let frames = self.time_constant * rate.as_f64() / self.analysis.hop_length as f64;
        // The share of a filter whose response falls to half its power at that time constant.
        let smoothing = ((1.0 + 4.0 * frames * frames).sqrt() - 1.0) / (2.0 * frames * frames);
        let b = self.b.unwrap_or(smoothing);
        if !(b > 0.0 && b <= 1.0) {
            let reason = format!("must be above 0 and at most 1, got {b}");
            return Err(Error::config(NAME, "b", reason));
        }
        let step = Step {
            b,
            gain: self.gain,
            bias: self.bias,
            power: self.power,
            eps: self.eps,
            scale: self.scale,
        };
        Ok(Pcen { mel, step })
    }
}

impl Pcen {
    pub(crate) fn into_parts(self) -> (Mel, Step) {
        (self.mel, self.step)
    }
}

impl ChannelFeature for Pcen {
    fn name(&self) -> &'static str {
        "pcen"
    }

    fn rate(&self) -> SampleRate {
        self.mel.rate()
    }

    fn bins(&self) -> usize {
        self.mel.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.mel.compute_into(samples, out)?;
        for band in out.chunks_exact_mut(frames) {
            let mut past = 1.0;
            band.iter_mut()
                .for_each(|x| *x = self.step.next(*x, &mut past));
        }
        Ok(())
    }
}

features_of_channels!(Pcen);

impl Step {
    /// The value that follows, in double precision: differences of powers lose digits.
    pub(crate) fn next(&self, x: f32, past: &mut f64) -> f32 {
        let x = self.scale * f64::from(x);
        *past = (1.0 - self.b) * *past + self.b * x;
        let level = x * (self.eps + *past).powf(-self.gain);
        let compressed = if self.power == 0.0 {
            level.ln_1p()
        } else if self.bias == 0.0 {
            level.powf(self.power)
        } else {
            self.bias.powf(self.power) * (self.power * (level / self.bias).ln_1p()).exp_m1()
        };
        compressed as f32
    }
}
