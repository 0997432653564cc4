//! From a file to what the network is given.

use std::io::{Read, Seek};
use std::path::Path;

use ndarray::{Array4, Axis};
use sarangi_audio::Decoder;
use sarangi_core::{Error, Result, Stop, Waveform};
use sarangi_data::FrontEnd;

use super::Classifier;

/// A track as the network takes it: the features of its chunks. It is made by
/// [`Classifier::prepare`] and its like, from any thread, and belongs to the classifier that made it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// (chunks, channels, bins, frames), at least one chunk, not yet normalised.
    pub(super) maps: Array4<f32>,
    /// Where each chunk begins and ends, in seconds.
    pub(super) times: Vec<(f64, f64)>,
}

impl Prepared {
    /// How many chunks it has.
    pub fn chunks(&self) -> usize {
        self.times.len()
    }

    fn new(maps: Array4<f32>, times: Vec<(f64, f64)>) -> Result<Self> {
        match maps.is_empty() || times.is_empty() {
            true => Err(Error::shape("prepare", "at least one chunk", "none")),
            false => Ok(Self { maps, times }),
        }
    }

    /// The chunks of a picture have no times.
    fn of_picture(maps: Array4<f32>) -> Result<Self> {
        let times = vec![(0.0, 0.0); maps.len_of(Axis(0))];
        Self::new(maps, times)
    }
}

impl Classifier {
    /// Decodes a sound from a reader, such as a `Cursor` over bytes, as the model hears it: mono, at
    /// its rate. `name` stands for the file in error messages.
    ///
    /// # Errors
    /// As [`sarangi_audio::decode`], naming the file; [`Error::Stopped`]; [`Error::Config`] if the
    /// model is one of pictures.
    pub fn hear(
        &self,
        reader: impl Read + Seek + Send + Sync + 'static,
        name: impl AsRef<Path>,
        stop: &Stop,
    ) -> Result<Waveform> {
        let sound = self.front_end.sound()?;
        let decoder = Decoder::from_reader(reader, name, sound.decoding())?;
        sound.hear(decoder.stopped_by(stop))
    }

    /// Computes the features of a mono sound at the model's rate: of all of it, also where training
    /// took the first chunks of each track only, and of no silence that the sound does not have,
    /// unless it is shorter than one chunk.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another rate or no samples; [`Error::Config`] if the model is one of
    /// pictures; [`Error::Stopped`].
    pub fn prepare(&self, wave: &Waveform, stop: &Stop) -> Result<Prepared> {
        let sound = self.front_end.sound()?;
        let maps = sound.all_chunks_unless(wave, stop)?;
        Prepared::new(maps, sound.times(wave.len()))
    }

    /// Prepares a picture that is in memory. `name` stands for the file in error messages.
    ///
    /// # Errors
    /// [`Error::Decode`] naming the file if it is no picture that can be read; [`Error::Config`] if
    /// the model is one of sounds; [`Error::Stopped`].
    pub fn prepare_picture(
        &self,
        bytes: &[u8],
        name: impl AsRef<Path>,
        stop: &Stop,
    ) -> Result<Prepared> {
        let FrontEnd::Picture(picture) = &self.front_end else {
            let reason = "is for sounds, and this is a picture";
            return Err(Error::config("front_end", "type", reason));
        };
        stop.check("reading the picture")?;
        Prepared::of_picture(picture.maps_of_bytes(bytes, name)?)
    }

    /// Prepares a file: a sound or, if that is what the model was trained on, a picture.
    ///
    /// # Errors
    /// Naming the file, if it cannot be read or is empty; [`Error::Stopped`].
    pub fn prepare_file(&self, path: impl AsRef<Path>, stop: &Stop) -> Result<Prepared> {
        let path = path.as_ref();
        let prepared = match &self.front_end {
            FrontEnd::Sound(sound) => Decoder::open(path, sound.decoding())
                .and_then(|decoder| sound.hear(decoder.stopped_by(stop)))
                .and_then(|wave| self.prepare(&wave, stop)),
            FrontEnd::Picture(picture) => picture.maps(path).and_then(Prepared::of_picture),
        };
        prepared.map_err(|e| match e {
            Error::Io { .. } | Error::Decode { .. } | Error::Stopped { .. } => e,
            other => Error::decode(path, other.to_string()),
        })
    }
}
