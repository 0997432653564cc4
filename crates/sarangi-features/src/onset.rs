//! Onset strength.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::median::median;
use crate::of_power;
use crate::{Analysis, ChannelFeature, LogMel, LogMelSpec, MelBands, OfPower};

/// How the rises of all mel bands become one number per frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Their mean, librosa's default.
    #[default]
    Mean,
    /// Their median, as the beat tracker uses it.
    Median,
}

/// The strength of onsets, with the names and defaults of `librosa.onset.onset_strength`.
///
/// o\[t\] = mean or median over bands of max(0, S\[t\] − S\[t − lag\]), S being the mel spectrogram
/// in decibels with a range of 80 dB; shifted by half a transform if frames are centred. Proved by
/// `rhythm_*` in the golden files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnsetSpec {
    /// Frames between the two spectra that are compared, at least 1. Default 1.
    pub lag: usize,
    /// From bands to one number. Default the mean.
    pub aggregate: Aggregate,
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
            aggregate: Aggregate::Mean,
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for OnsetSpec {
    type Built = Onset;

    fn build(&self, rate: SampleRate) -> Result<Onset> {
        let log_mel = LogMelSpec {
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..LogMelSpec::default()
        };
        within("onset", "lag", self.lag, 1..=1 << 20)?;
        Ok(Onset {
            log_mel: log_mel.build(rate)?,
            curve: OnsetCurve::new(self.lag, self.aggregate, &self.analysis),
            scratch: Pool::new(Vec::new),
        })
    }
}

/// A planned onset strength: (1, frames).
#[derive(Debug)]
pub struct Onset {
    log_mel: LogMel,
    curve: OnsetCurve,
    scratch: Pool<Vec<f32>>,
}

impl ChannelFeature for Onset {
    fn name(&self) -> &'static str {
        "onset"
    }

    fn rate(&self) -> SampleRate {
        self.log_mel.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.log_mel.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, 1, frames)?;
        self.scratch.with(|log_mel| {
            log_mel.resize(self.log_mel.bins() * frames, 0.0);
            self.log_mel.compute_into(samples, log_mel)?;
            self.curve.of_log_mel(log_mel, out);
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
            self.curve.of_log_mel(log_mel, out);
            Ok(())
        })
    }
}

features_of_channels!(Onset);

/// The step from a log-mel map to onset strength.
#[derive(Clone, Debug)]
pub(crate) struct OnsetCurve {
    lag: usize,
    /// Frames by which the curve is late: the lag, and half a transform if centred.
    delay: usize,
    aggregate: Aggregate,
}

impl OnsetCurve {
    pub(crate) fn new(lag: usize, aggregate: Aggregate, analysis: &Analysis) -> Self {
        let shift = match analysis.center {
            true => analysis.n_fft / (2 * analysis.hop_length.max(1)),
            false => 0,
        };
        Self {
            lag,
            delay: lag + shift,
            aggregate,
        }
    }

    /// # Shapes
    /// `log_mel` is row-major (bands, length of `out`).
    pub(crate) fn of_log_mel(&self, log_mel: &[f32], out: &mut [f32]) {
        let frames = out.len();
        out.fill(0.0);
        // Rises that the delay would push beyond the end are not computed.
        let count = frames.saturating_sub(self.delay);
        if count == 0 {
            return;
        }
        let out = &mut out[self.delay..];
        let rises = |row: &[f32], t: usize| (row[t + self.lag] - row[t]).max(0.0);
        match self.aggregate {
            Aggregate::Mean => {
                let rows = log_mel.chunks_exact(frames);
                let scale = rows.len() as f32;
                for row in rows {
                    for (y, (&before, &after)) in
                        out.iter_mut().zip(row.iter().zip(&row[self.lag..]))
                    {
                        *y += (after - before).max(0.0);
                    }
                }
                out.iter_mut().for_each(|y| *y /= scale);
            }
            Aggregate::Median => {
                let mut column = Vec::with_capacity(log_mel.len() / frames);
                for (t, y) in out.iter_mut().enumerate() {
                    column.clear();
                    column.extend(log_mel.chunks_exact(frames).map(|row| rises(row, t)));
                    *y = median(&mut column);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_appears_after_the_delay() {
        // Three bands; from frame 1 to frame 2 they rise by 2, 4 and 9, then they only fall.
        let log_mel = [
            0.0, 0.0, 2.0, 2.0, 1.0, 5.0, 1.0, 5.0, 5.0, 4.0, 0.0, 0.0, 9.0, 0.0, 0.0,
        ];
        let curve = |aggregate, center| {
            let analysis = Analysis {
                n_fft: 1024,
                center,
                ..Analysis::default()
            };
            let mut out = [9.0; 5];
            OnsetCurve::new(1, aggregate, &analysis).of_log_mel(&log_mel, &mut out);
            out
        };
        assert_eq!(curve(Aggregate::Mean, false), [0.0, 0.0, 5.0, 0.0, 0.0]);
        assert_eq!(curve(Aggregate::Median, false), [0.0, 0.0, 4.0, 0.0, 0.0]);
        assert_eq!(curve(Aggregate::Median, true), [0.0, 0.0, 0.0, 4.0, 0.0]);
    }

    #[test]
    fn a_map_shorter_than_the_delay_has_no_onset() {
        for frames in 1..4 {
            let mut out = vec![1.0; frames];
            OnsetCurve::new(1, Aggregate::Mean, &Analysis::default())
                .of_log_mel(&vec![3.0; frames * 2], &mut out);
            assert!(out.iter().all(|&x| x == 0.0));
        }
    }
}
