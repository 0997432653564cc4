//! Sounds from files, for transforms that need others than the one they change.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sarangi_audio::{DecodeOptions, LoadSpec, audio_files};
use sarangi_core::{Error, Result, Rng, SampleRate, Waveform};

/// As many samples of decoded files are kept, 256 MiB of them; files beyond are decoded each time.
const KEPT: usize = 1 << 26;

/// The sound files that a path names, decoded at one rate when they are asked for.
#[derive(Debug)]
pub struct Sounds {
    files: Vec<PathBuf>,
    load: LoadSpec,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sounds: HashMap<PathBuf, Arc<Waveform>>,
    samples: usize,
}

impl Sounds {
    /// Lists the files: `path` is one, or a folder of which all are taken, those of its sub-folders
    /// too.
    pub(crate) fn list(spec: &'static str, path: &Path, rate: SampleRate) -> Result<Self> {
        let wrong = |reason: String| Error::config(spec, "sounds", reason);
        if path.as_os_str().is_empty() {
            return Err(wrong("must name a sound file or a folder of them".into()));
        }
        let files = match path.is_dir() {
            true => audio_files(path)?,
            false if path.exists() => vec![path.to_owned()],
            false => return Err(wrong(format!("{} does not exist", path.display()))),
        };
        if files.is_empty() {
            return Err(wrong(format!("{} holds no sound file", path.display())));
        }
        let load = LoadSpec {
            rate: Some(rate),
            mono: false,
        };
        Ok(Self {
            files,
            load,
            kept: Mutex::default(),
        })
    }

    /// One of the files.
    pub(crate) fn draw(&self, rng: &mut Rng) -> PathBuf {
        let place = match self.files.len() {
            // One file takes nothing from the generator, as a number does not.
            1 => 0,
            count => rng.below(count),
        };
        self.files.get(place).cloned().unwrap_or_default()
    }

    /// A file's sound.
    pub(crate) fn load(&self, path: &Path) -> Result<Arc<Waveform>> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sound) = lock().sounds.get(path) {
            return Ok(Arc::clone(sound));
        }
        // Without the lock, so that other threads decode other files meanwhile.
        let sound = Arc::new(self.load.load(path, &DecodeOptions::default())?);
        let mut kept = lock();
        if kept.samples + sound.samples().len() <= KEPT {
            kept.samples += sound.samples().len();
            kept.sounds.insert(path.to_owned(), Arc::clone(&sound));
        }
        Ok(sound)
    }
}

/// The channel of a sound that goes with one channel of another: those of a sound that has fewer are
/// used again.
pub(crate) fn channel_for(sound: &Waveform, index: usize) -> Result<&[f32]> {
    sound.channel(index % sound.channels())
}
