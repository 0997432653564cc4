//! Without the silence at both ends.

use sarangi_core::{Error, Result, Rng, SampleRate, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::{Change, WaveformAugmentation};

/// What lies between the first and the last frame that are not silent: `librosa.effects.trim`, with the
/// default of `audiomentations.Trim`. **The sound becomes shorter.**
///
/// The root of a frame's mean square counts, in the loudest channel; frames are centred, with silence
/// beyond the ends. A sound that is silent throughout stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trim {
    /// Decibels below the loudest frame at which silence begins, 0 to 300. Default 30.
    pub top_db: f64,
    /// Samples of a frame, 2 to 1,048,576, even. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, 1 to 1,048,576. Default 512.
    pub hop_length: usize,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Trim {
    fn default() -> Self {
        Self {
            top_db: 30.0,
            frame_length: 2048,
            hop_length: 512,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Trim {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        within("trim", "top_db", self.top_db, 0.0..=300.0)?;
        within("trim", "frame_length", self.frame_length, 2..=1 << 20)?;
        if !self.frame_length.is_multiple_of(2) {
            let reason = format!("must be even, got {}", self.frame_length);
            return Err(Error::config("trim", "frame_length", reason));
        }
        within("trim", "hop_length", self.hop_length, 1..=1 << 20)
    }

    fn draw(&self, (): &(), _: &mut Rng) -> Self {
        Self { p: 1.0, ..*self }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let mut levels = Vec::new();
        for index in 0..wave.channels() {
            levels.push(self.powers(wave.channel(index)?));
        }
        // librosa's smallest amplitude is 1e-5.
        let decibels = |power: f64| 10.0 * power.max(1e-10).log10();
        let loudest = levels.iter().flatten().fold(0.0f64, |most, &x| most.max(x));
        let threshold = decibels(loudest) - self.top_db;
        let heard = |&frame: &usize| levels.iter().any(|row| decibels(row[frame]) > threshold);
        let frames = levels.first().map_or(0, Vec::len);
        let first = (0..frames).find(heard);
        let last = (0..frames).rfind(heard);
        let (start, end) = match (first, last) {
            (Some(first), Some(last)) => (first * self.hop_length, (last + 1) * self.hop_length),
            _ => (0, 0),
        };
        let end = end.min(wave.len());
        let start = start.min(end);
        Ok(wave.window(start, end - start))
    }
}

impl Trim {
    /// The mean squares of the frames.
    fn powers(&self, row: &[f32]) -> Vec<f64> {
        let half = self.frame_length / 2;
        let frame = |middle: usize| {
            let part = &row[middle.saturating_sub(half)..(middle + half).min(row.len())];
            let sum: f64 = part.iter().map(|&x| f64::from(x).powi(2)).sum();
            sum / self.frame_length as f64
        };
        (0..=row.len())
            .step_by(self.hop_length)
            .map(frame)
            .collect()
    }
}
