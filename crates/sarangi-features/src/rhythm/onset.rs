//! Onset strength.

use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::of_power;
use crate::rhythm::onset_curve::{OnsetCurve, detrended};
use crate::stream::{FeatureStream, Recursive, Streaming, Windowed};
use crate::{Aggregate, Analysis, ChannelFeature, Decibels, LogMel, LogMelSpec, MelBands, OfPower};

/// The strength of onsets, with the names and defaults of `librosa.onset.onset_strength` and
/// `onset_strength_multi`.
///
/// o\[t\] = mean or median over bands of max(0, S\[t\] − S\[t − lag\]), S being the mel spectrogram
/// in decibels; shifted by half a transform if frames are centred. Proved by `rhythm_*` and `onset_*`
/// in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/onset.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnsetSpec {
    /// Frames between the two spectra that are compared, at least 1. Default 1.
    pub lag: usize,
    /// How many neighbouring bands the earlier spectrum is the maximum of, at least 1: a tone that
    /// glides is no onset (S. Böck and G. Widmer, *DAFx* 2013). Default 1.
    pub max_size: usize,
    /// Whether the slow part of the curve is taken away. Default false.
    pub detrend: bool,
    /// From bands to one number. Default the mean.
    pub aggregate: Aggregate,
    /// Bands between which there are groups with a curve each, such as 0, 32 and 128 for two curves.
    /// Default none, one curve of all.
    pub channels: Vec<usize>,
    /// The scale. Default a range of 80 dB below the maximum.
    #[serde(flatten)]
    pub decibels: Decibels,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for OnsetSpec {
    fn default() -> Self {
        Self {
            lag: 1,
            max_size: 1,
            detrend: false,
            aggregate: Aggregate::Mean,
            channels: Vec::new(),
            decibels: Decibels::default(),
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl OnsetSpec {
    fn log_mel(&self) -> LogMelSpec {
        LogMelSpec {
            decibels: self.decibels.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..LogMelSpec::default()
        }
    }

    /// The curve; what is not checked here is checked with the mel spectrogram.
    fn curve(&self) -> Result<OnsetCurve> {
        within("onset", "lag", self.lag, 1..=1 << 20)?;
        let bands = self.bands.n_mels;
        within("onset", "max_size", self.max_size, 1..=bands.max(1))?;
        if let Some(&beyond) = self.channels.iter().find(|&&band| band > bands) {
            let reason = format!("must be bands of {bands}, got {beyond}");
            return Err(Error::config("onset", "channels", reason));
        }
        let mut edges = self.channels.clone();
        if edges.is_empty() {
            edges = vec![0, bands];
        }
        edges.sort_unstable();
        edges.dedup();
        if edges.len() < 2 {
            let reason = format!("must be none or at least two bands, got {edges:?}");
            return Err(Error::config("onset", "channels", reason));
        }
        let delay = self.analysis.delay();
        Ok(OnsetCurve {
            max_size: self.max_size,
            groups: edges.windows(2).map(|pair| pair[0]..pair[1]).collect(),
            ..OnsetCurve::new(self.lag, self.aggregate, delay, bands)
        })
    }
}

impl Spec<SampleRate> for OnsetSpec {
    type Built = Onset;

    fn build(&self, rate: SampleRate) -> Result<Onset> {
        Ok(Onset {
            log_mel: self.log_mel().build(rate)?,
            curve: self.curve()?,
            detrend: self.detrend,
            scratch: Pool::new(Vec::new),
        })
    }
}

impl Streaming for OnsetSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let log_mel = self.log_mel().stream(rate)?;
        let curve = self.curve()?;
        let (rows, delay) = (curve.groups.len(), curve.delay);
        let rises = Windowed::new(rows, (delay, 0), 1, move |map, frames, out| {
            curve.of_log_mel(map, frames, out);
            Ok(())
        });
        let stream = log_mel.then(rises, rows);
        Ok(match self.detrend {
            true => stream.then(Recursive::new(rows, 0.0, detrended), rows),
            false => stream,
        })
    }
}

/// A planned onset strength: (1, frames), or (groups of bands, frames).
#[derive(Debug)]
pub struct Onset {
    log_mel: LogMel,
    curve: OnsetCurve,
    detrend: bool,
    scratch: Pool<Vec<f32>>,
}

impl Onset {
    fn of_log_mel(&self, log_mel: &[f32], frames: usize, out: &mut [f32]) {
        self.curve.of_log_mel(log_mel, frames, out);
        if self.detrend {
            for curve in out.chunks_exact_mut(frames) {
                let mut carried = 0.0;
                curve
                    .iter_mut()
                    .for_each(|x| *x = detrended(*x, &mut carried));
            }
        }
    }
}

impl ChannelFeature for Onset {
    fn name(&self) -> &'static str {
        "onset"
    }

    fn rate(&self) -> SampleRate {
        self.log_mel.rate()
    }

    fn bins(&self) -> usize {
        self.curve.groups.len()
    }

    fn frames(&self, samples: usize) -> usize {
        self.log_mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            self.log_mel.compute_into(samples, log_mel)?;
            self.of_log_mel(log_mel, frames, out);
            Ok(())
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Onset {
    fn stft(&self) -> &Stft {
        self.log_mel.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            self.log_mel.compute_of_power(power, log_mel)?;
            self.of_log_mel(log_mel, frames, out);
            Ok(())
        })
    }
}

features_of_channels!(Onset);
