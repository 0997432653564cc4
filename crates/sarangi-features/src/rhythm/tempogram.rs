//! Tempograms: how well onsets repeat after each lag, in a sliding window.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{LocalAutocorrelation, LocalAutocorrelationScratch, Pool, Stft, Window};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::of_power;
use crate::rhythm::mean_autocorrelation::pad;
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
        let local = LocalAutocorrelation::new(self.window.periodic(self.win_length));
        let scratch = local.scratch();
        Ok(Tempogram {
            onset: onset.build(rate)?,
            local,
            scratch: Pool::new(move || Scratch {
                padded: Vec::new(),
                local: scratch.clone(),
            }),
        })
    }
}

/// A planned tempogram: (win_length, frames).
#[derive(Debug)]
pub struct Tempogram {
    onset: Onset,
    local: LocalAutocorrelation,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    padded: Vec<f32>,
    local: LocalAutocorrelationScratch,
}

impl Tempogram {
    fn of_onset(&self, onset: &[f32], out: &mut [f32]) -> Result<()> {
        self.scratch.with(|Scratch { padded, local }| {
            pad(onset, self.local.lags() / 2, padded);
            // A window of even length fits in once more after the last frame.
            let end = onset.len() + self.local.lags() - 1;
            self.local.compute_into(&padded[..end], out, local)
        })
    }
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
        self.of_onset(&onset, out)
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
        self.of_onset(&onset, out)
    }
}

features_of_channels!(Tempogram);
