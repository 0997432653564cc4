//! Constant-Q transforms that are tuned to the sound.

use std::sync::OnceLock;

use sarangi_core::{Result, SampleRate};
use sarangi_dsp::Stft;

use super::ConstantQ;
use super::design::Design;
use crate::{Analysis, tuning};

/// A transform of a given tuning, or of that which each sound turns out to have.
#[derive(Debug)]
pub(crate) struct Tuned {
    design: Design,
    rate: SampleRate,
    plan: fn(&Design, SampleRate) -> Result<ConstantQ>,
    /// What each sound's own tuning is estimated from; `None` for a given one.
    stft: Option<Stft>,
    /// One transform for a given tuning, or one per step of estimated tuning, designed when a sound
    /// of that tuning is first met; the middle one, in tune, from the start.
    transforms: Vec<OnceLock<ConstantQ>>,
}

impl Tuned {
    /// A tuning that is `None` is estimated.
    pub(crate) fn new(
        design: Design,
        tuning: Option<f64>,
        rate: SampleRate,
        plan: fn(&Design, SampleRate) -> Result<ConstantQ>,
    ) -> Result<Self> {
        let count = tuning.map_or(tuning::STEPS, |_| 1);
        let tuned = Self {
            design: Design {
                tuning: tuning.unwrap_or(0.0),
                ..design
            },
            rate,
            plan,
            stft: match tuning {
                None => Some(Analysis::default().stft()?),
                Some(_) => None,
            },
            transforms: (0..count).map(|_| OnceLock::new()).collect(),
        };
        // Errors of the settings are found here, not with the first sound.
        tuned.transform(count / 2)?;
        Ok(tuned)
    }

    pub(crate) fn rate(&self) -> SampleRate {
        self.rate
    }

    pub(crate) fn bins(&self) -> usize {
        self.design.n_bins
    }

    pub(crate) fn frames(&self, samples: usize) -> usize {
        // All transforms have the same frames; the first that is there will do.
        let transform = self.transforms.iter().find_map(OnceLock::get);
        transform.map_or(0, |transform| transform.frames(samples))
    }

    /// The transform for a sound.
    pub(crate) fn of(&self, samples: &[f32]) -> Result<&ConstantQ> {
        match &self.stft {
            Some(stft) => self.transform(self.step(stft, samples)?),
            None => self.transform(0),
        }
    }

    fn transform(&self, step: usize) -> Result<&ConstantQ> {
        let kept = &self.transforms[step];
        if let Some(transform) = kept.get() {
            return Ok(transform);
        }
        let mut design = self.design.clone();
        if self.stft.is_some() {
            design.tuning = tuning::of_step(step);
        }
        let transform = (self.plan)(&design, self.rate)?;
        Ok(kept.get_or_init(|| transform))
    }

    /// The step of the sound's own tuning, from its magnitude spectrogram.
    fn step(&self, stft: &Stft, samples: &[f32]) -> Result<usize> {
        let spectrogram = stft.magnitude(samples)?;
        let frames = spectrogram.ncols();
        let values = spectrogram.as_slice().unwrap_or_default();
        let rate = self.rate.as_f64();
        let resolution = rate / stft.n_fft() as f64;
        let octave = self.design.bins_per_octave;
        let nyquist = rate / 2.0;
        Ok(tuning::estimate_step(
            values, frames, resolution, nyquist, octave,
        ))
    }
}
