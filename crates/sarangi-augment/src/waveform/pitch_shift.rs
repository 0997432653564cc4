//! Higher and lower at the same speed.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::PhaseVocoder;
use serde::{Deserialize, Serialize};

use crate::{Change, StretchMethod, Uniform, WaveformAugmentation};

/// Higher or lower at the same speed and length, as `librosa.effects.pitch_shift` and
/// `audiomentations.PitchShift`.
///
/// No semitones leave the sound as it is, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PitchShift {
    /// Semitones up (down, if they are negative), −36 to 36. Default \[−4, 4\].
    pub semitones: Uniform,
    /// How the length is kept. Default with locked phases.
    pub method: StretchMethod,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for PitchShift {
    fn default() -> Self {
        Self {
            semitones: Uniform::between(-4.0, 4.0),
            method: StretchMethod::Locked,
            p: 1.0,
        }
    }
}

impl PitchShift {
    /// As `librosa.effects.pitch_shift`, but for the filter that resamples.
    pub fn librosa() -> Self {
        Self {
            method: StretchMethod::Librosa,
            ..Self::default()
        }
    }
}

/// What shifts the pitch.
#[derive(Debug)]
pub enum PitchShiftPlan {
    /// With locked phases.
    Locked(sarangi_dsp::PitchShift),
    /// As librosa.
    Librosa(Box<PhaseVocoder>),
}

impl Change<WaveformAugmentation> for PitchShift {
    type Plan = PitchShiftPlan;

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<PitchShiftPlan> {
        self.semitones
            .check("pitch_shift", "semitones", -36.0..=36.0)?;
        Ok(match self.method {
            StretchMethod::Locked => PitchShiftPlan::Locked(sarangi_dsp::PitchShift::new(rate)),
            StretchMethod::Librosa => PitchShiftPlan::Librosa(Box::new(PhaseVocoder::new(rate)?)),
        })
    }

    fn draw(&self, _: &PitchShiftPlan, rng: &mut Rng) -> Self {
        Self {
            semitones: self.semitones.draw(rng),
            p: 1.0,
            ..self.clone()
        }
    }

    fn apply(&self, plan: &PitchShiftPlan, wave: Waveform) -> Result<Waveform> {
        let semitones = self.semitones.value();
        match plan {
            _ if semitones == 0.0 => Ok(wave),
            PitchShiftPlan::Locked(plan) => plan.shift(&wave, semitones),
            PitchShiftPlan::Librosa(plan) => plan.shift(&wave, semitones),
        }
    }
}
