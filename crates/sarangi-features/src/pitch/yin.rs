//! YIN.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Pool;
use serde::{Deserialize, Serialize};

use super::difference::{Difference, DifferenceScratch, PitchFrames, is_trough};
use crate::ChannelFeature;
use crate::channels::features_of_channels;
use crate::check::{output, within};

/// The fundamental frequency in Hz, with the names and defaults of `librosa.yin` (which has none for
/// `fmin` and `fmax`).
///
/// The period is the shortest τ at which the cumulative mean normalised difference d'(τ) has a
/// trough below `trough_threshold`, or else where d' is least, refined by a parabola. Every frame
/// has one, also where there is no pitch. Proved by `pitch_*` in the golden files, against librosa
/// given double precision; in single precision it errs by up to some cents.
#[cfg_attr(doc, doc = include_str!("../../pictures/yin.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YinSpec {
    /// What d' must fall below, 0 to 1000. Default 0.1.
    pub trough_threshold: f64,
    /// The frames.
    #[serde(flatten)]
    pub frames: PitchFrames,
}

impl Default for YinSpec {
    fn default() -> Self {
        Self {
            trough_threshold: 0.1,
            frames: PitchFrames::default(),
        }
    }
}

impl Spec<SampleRate> for YinSpec {
    type Built = Yin;

    fn build(&self, rate: SampleRate) -> Result<Yin> {
        within("yin", "trough_threshold", self.trough_threshold, 0.0..=1e3)?;
        let difference = Difference::new("yin", &self.frames, rate)?;
        let scratch = difference.scratch();
        Ok(Yin {
            difference,
            threshold: self.trough_threshold,
            scratch: Pool::new(move || scratch.clone()),
        })
    }
}

/// A planned fundamental frequency in Hz: (1, frames).
#[derive(Debug)]
pub struct Yin {
    difference: Difference,
    threshold: f64,
    scratch: Pool<DifferenceScratch>,
}

impl ChannelFeature for Yin {
    fn name(&self) -> &'static str {
        "yin"
    }

    fn rate(&self) -> SampleRate {
        self.difference.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.difference.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        self.scratch.with(|scratch| {
            for (t, y) in out.iter_mut().enumerate() {
                self.difference.frame(samples, t, scratch)?;
                let values = &scratch.values;
                let deep = |&at: &usize| values[at] < self.threshold && is_trough(values, at);
                let at = (0..values.len())
                    .find(deep)
                    .unwrap_or_else(|| least(values));
                *y = self.difference.frequency(values, at) as f32;
            }
            Ok(())
        })
    }
}

features_of_channels!(Yin);

/// Where the least value is, the first of equals.
pub(crate) fn least(values: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value < values[best] {
            best = at;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::{Transform, Waveform};

    #[test]
    fn a_tone_has_its_frequency() {
        let rate = SampleRate::HZ_22050;
        for hz in [70.0, 123.4, 440.0, 1999.0] {
            let phase = std::f64::consts::TAU * hz / rate.as_f64();
            let tone = (0..9000).map(|n| {
                let angle = phase * f64::from(n);
                (angle.sin() + 0.5 * (2.0 * angle).sin() + 0.2 * (3.0 * angle).cos()) as f32
            });
            let wave = Waveform::mono(tone.collect(), rate);
            let yin = YinSpec::default()
                .build(rate)
                .unwrap()
                .apply(&wave)
                .unwrap();
            let got = f64::from(yin[[0, 0, 9]]);
            assert!((got / hz - 1.0).abs() < 6e-3, "{got} for {hz}");
        }
    }

    #[test]
    fn nonsense_names_its_field() {
        let refused = |frames| {
            let spec = YinSpec {
                frames,
                ..YinSpec::default()
            };
            spec.build(SampleRate::HZ_22050).unwrap_err().to_string()
        };
        let defaults = PitchFrames::default;
        for fmin in [0.0, -1.0, 5.0, f64::NAN] {
            let error = refused(PitchFrames { fmin, ..defaults() });
            assert!(error.starts_with("yin: fmin"), "{error}");
        }
        for fmax in [0.0, 60.0, 12_000.0, f64::NAN] {
            let error = refused(PitchFrames { fmax, ..defaults() });
            assert!(error.starts_with("yin: fmax"), "{error}");
        }
    }
}
