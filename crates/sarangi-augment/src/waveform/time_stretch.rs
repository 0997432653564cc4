//! Faster and slower at the same pitch.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::PhaseVocoder;
use serde::{Deserialize, Serialize};

use crate::{Change, StretchMethod, Uniform, WaveformAugmentation};

/// Faster or slower at the same pitch: round(samples / rate) samples, as
/// `librosa.effects.time_stretch` and `audiomentations.TimeStretch` with
/// `leave_length_unchanged=False`.
///
/// The length changes. A rate of 1 leaves the sound as it is, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeStretch {
    /// How many times as fast, 0.1 to 10. Default \[0.8, 1.25\].
    pub rate: Uniform,
    /// How it is done. Default with locked phases.
    pub method: StretchMethod,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for TimeStretch {
    fn default() -> Self {
        Self {
            rate: Uniform::between(0.8, 1.25),
            method: StretchMethod::Locked,
            p: 1.0,
        }
    }
}

impl TimeStretch {
    /// As `librosa.effects.time_stretch`, to 1e-4 of the peak.
    pub fn librosa() -> Self {
        Self {
            method: StretchMethod::Librosa,
            ..Self::default()
        }
    }
}

/// What stretches time.
#[derive(Debug)]
pub enum TimeStretchPlan {
    /// With locked phases.
    Locked(sarangi_dsp::TimeStretch),
    /// As librosa.
    Librosa(Box<PhaseVocoder>),
}

impl Change<WaveformAugmentation> for TimeStretch {
    type Plan = TimeStretchPlan;

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<TimeStretchPlan> {
        self.rate.check("time_stretch", "rate", 0.1..=10.0)?;
        Ok(match self.method {
            StretchMethod::Locked => TimeStretchPlan::Locked(sarangi_dsp::TimeStretch::new(rate)),
            StretchMethod::Librosa => TimeStretchPlan::Librosa(Box::new(PhaseVocoder::new(rate)?)),
        })
    }

    fn draw(&self, _: &TimeStretchPlan, rng: &mut Rng) -> Self {
        Self {
            rate: self.rate.draw(rng),
            p: 1.0,
            ..self.clone()
        }
    }

    fn apply(&self, plan: &TimeStretchPlan, wave: Waveform) -> Result<Waveform> {
        let rate = self.rate.value();
        match plan {
            _ if rate == 1.0 => Ok(wave),
            TimeStretchPlan::Locked(plan) => plan.stretch(&wave, rate),
            TimeStretchPlan::Librosa(plan) => plan.stretch(&wave, rate),
        }
    }
}
