//! What a lower rate leaves.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use sarangi_dsp::resample;
use serde::{Deserialize, Serialize};

use crate::{Change, Uniform, WaveformAugmentation};

/// To another sampling rate and back: what lies above half of that rate is lost, as in recordings that
/// were made at it. A higher rate than the sound's changes nothing that can be heard.
///
/// `torchaudio.functional.resample` twice; the length stays. `audiomentations.Resample` does not come
/// back. The filter is that of [`sarangi_dsp::resample`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResampleJitter {
    /// Hz, whole numbers from 1000 to 1,048,576. Default \[8000, 16000\].
    pub sample_rate: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ResampleJitter {
    fn default() -> Self {
        Self {
            sample_rate: Uniform::between(8000.0, 16000.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for ResampleJitter {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        let range = 1_000.0..=1_048_576.0;
        self.sample_rate
            .check_whole("resample_jitter", "sample_rate", range)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            sample_rate: self.sample_rate.draw_whole(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let there = resample(&wave, SampleRate::new(self.sample_rate.value() as u32)?)?;
        let back = resample(&there, wave.rate())?;
        Ok(back.window(0, wave.len()))
    }
}
