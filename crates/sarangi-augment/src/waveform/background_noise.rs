//! Another sound below this one.

use std::path::PathBuf;

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::level::add_at_snr;
use crate::sounds::{Sounds, channel_for};
use crate::{Change, Uniform, WaveformAugmentation};

/// A part of a recording from a folder, at a ratio to the sound, as
/// `audiomentations.AddBackgroundNoise`.
///
/// The recording is brought to the sound's rate, repeated if it is shorter, and has the channels that
/// it has: those are used again if the sound has more. The ratio is that of the mean squares over the
/// whole sound and all channels, and is met exactly. With a silent recording, or to silence, nothing is
/// added.
///
/// The folder is listed when the transform is built; a file is decoded when it is first drawn, and kept
/// while there is room (256 MiB for each transform).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundNoise {
    /// A sound file, or a folder of them with its sub-folders. Must be given.
    pub sounds: PathBuf,
    /// Decibels by which the sound is above the noise, −60 to 120. Default \[3, 30\].
    pub snr_db: Uniform,
    /// Which part of a longer one is used: 0 the first, 1 the last. Default \[0, 1\].
    pub location: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for BackgroundNoise {
    fn default() -> Self {
        Self {
            sounds: PathBuf::new(),
            snr_db: Uniform::between(3.0, 30.0),
            location: Uniform::between(0.0, 1.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for BackgroundNoise {
    type Plan = Sounds;

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, rate: SampleRate) -> Result<Sounds> {
        const SPEC: &str = "background_noise";
        self.snr_db.check(SPEC, "snr_db", -60.0..=120.0)?;
        self.location.check(SPEC, "location", 0.0..=1.0)?;
        Sounds::list(SPEC, &self.sounds, rate)
    }

    fn draw(&self, sounds: &Sounds, rng: &mut Rng) -> Self {
        Self {
            sounds: sounds.draw(rng),
            snr_db: self.snr_db.draw(rng),
            location: self.location.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, sounds: &Sounds, wave: Waveform) -> Result<Waveform> {
        let recording = sounds.load(&self.sounds)?;
        if recording.is_empty() {
            return Ok(wave);
        }
        let room = recording.len().saturating_sub(wave.len());
        let start = (self.location.value() * room as f64).round() as usize;
        let noise = anew(&wave, |index, row| {
            let noise = channel_for(&recording, index)?.iter().cycle();
            Ok(noise.skip(start).take(row.len()).copied().collect())
        })?;
        add_at_snr(wave, &noise, self.snr_db.value())
    }
}
