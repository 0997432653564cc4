//! In another room.

use std::path::PathBuf;

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::Convolver;
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::sounds::{Sounds, channel_for};
use crate::{Change, WaveformAugmentation};

/// The sound as a recorded impulse response would have it, a room's or a loudspeaker's: convolution, as
/// `audiomentations.ApplyImpulseResponse` and `torchaudio.functional.fftconvolve`.
///
/// The response, drawn from a folder, is brought to the sound's rate and to energy 1 in each channel, so
/// that noise keeps its level (audiomentations brings the result to a peak of 0.5 instead); its channels
/// are used again if the sound has more. A silent response changes nothing.
///
/// The folder is listed when the transform is built; a file is decoded when it is first drawn, and kept
/// while there is room (256 MiB for each transform).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImpulseResponse {
    /// A sound file, or a folder of them with its sub-folders. Must be given.
    pub sounds: PathBuf,
    /// Whether the sound is cut where it ended before. Default yes; **the sound becomes longer** otherwise.
    pub leave_length_unchanged: bool,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ImpulseResponse {
    fn default() -> Self {
        Self {
            sounds: PathBuf::new(),
            leave_length_unchanged: true,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for ImpulseResponse {
    type Plan = Sounds;

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<Sounds> {
        Sounds::list("impulse_response", &self.sounds, rate)
    }

    fn draw(&self, sounds: &Sounds, rng: &mut Rng) -> Self {
        Self {
            sounds: sounds.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, sounds: &Sounds, wave: Waveform) -> Result<Waveform> {
        let response = sounds.load(&self.sounds)?;
        anew(&wave, |index, row| {
            let response = channel_for(&response, index)?;
            let energy: f64 = response.iter().map(|&x| f64::from(x).powi(2)).sum();
            let mut out = match energy > 0.0 {
                true => {
                    let scale = 1.0 / energy.sqrt();
                    let even: Vec<f32> = response
                        .iter()
                        .map(|&x| (f64::from(x) * scale) as f32)
                        .collect();
                    Convolver::new(&even)?.convolve(row)?
                }
                // Another channel may be heard, and longer.
                false => row
                    .iter()
                    .copied()
                    .chain(response.iter().skip(1).map(|_| 0.0))
                    .collect(),
            };
            if self.leave_length_unchanged || row.is_empty() {
                out.truncate(row.len());
            }
            Ok(out)
        })
    }
}
