//! From a file to what the network is given.

pub(crate) mod picture;
mod sound;

use std::path::Path;

use ndarray::Array4;
use sarangi_audio::FileKind;
use sarangi_augment::{Policy, PolicySpec};
use sarangi_core::{Error, FeatureMap, Result, SampleRate, Spec, Waveform};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Fingerprint;
use crate::fingerprint::of_picture;

pub use picture::{Colour, PictureFrontEnd, PictureSpec};
pub use sound::{SoundFrontEnd, SoundSpec};

/// Everything between a file and the network's input. It is stored in every model file, and
/// training, evaluation and prediction all run the same one.
///
/// `{ "type": "picture", … }` is a [`PictureSpec`]; all else, with `"type": "sound"` or without a type,
/// a [`SoundSpec`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[allow(
    clippy::large_enum_variant,
    reason = "one exists for each model; a box would be in everybody's way"
)]
pub enum FrontEndSpec {
    /// Sound files: what is computed of their chunks.
    Sound(SoundSpec),
    /// Pictures: how they come to one size.
    Picture(PictureSpec),
}

impl<'de> Deserialize<'de> for FrontEndSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Object(mut fields) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("a front end is a table"));
        };
        let kind = fields.remove("type");
        let fields = Value::Object(fields);
        let kind = match &kind {
            None => "sound",
            Some(Value::String(kind)) => kind,
            Some(other) => {
                let reason = format!("front_end: type: must be `sound` or `picture`, got {other}");
                return Err(D::Error::custom(reason));
            }
        };
        match kind {
            "sound" => serde_json::from_value(fields).map(Self::Sound),
            "picture" => serde_json::from_value(fields).map(Self::Picture),
            other => {
                let reason =
                    format!("front_end: type: must be `sound` or `picture`, got `{other}`");
                return Err(D::Error::custom(reason));
            }
        }
        .map_err(D::Error::custom)
    }
}

impl FrontEndSpec {
    /// The rate in Hz at which sounds are heard; pictures have none.
    pub fn rate(&self) -> Option<SampleRate> {
        match self {
            Self::Sound(spec) => Some(spec.rate),
            Self::Picture(_) => None,
        }
    }

    /// Checks that an augmentation makes sense for these files.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that does not.
    pub fn check_policy(&self, policy: &PolicySpec) -> Result<()> {
        match self {
            Self::Sound(spec) => policy.check(spec.rate),
            Self::Picture(_) if policy.others.is_some() || !policy.classes.is_empty() => {
                let reason = "changes sounds, and these are pictures; use `features` and `mix`";
                Err(Error::config("augment", "classes", reason))
            }
            Self::Picture(_) => policy.check(SampleRate::HZ_22050),
        }
    }
}

impl Spec<()> for FrontEndSpec {
    type Built = FrontEnd;

    fn build(&self, (): ()) -> Result<FrontEnd> {
        Ok(match self {
            Self::Sound(spec) => FrontEnd::Sound(spec.build(())?),
            Self::Picture(spec) => FrontEnd::Picture(spec.build(())?),
        })
    }
}

/// The front end, ready to run from any thread.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "one exists for each model; a box would be in everybody's way"
)]
pub enum FrontEnd {
    /// For sounds.
    Sound(SoundFrontEnd),
    /// For pictures.
    Picture(PictureFrontEnd),
}

impl FrontEnd {
    /// The kind of file that it reads.
    pub fn kind(&self) -> FileKind {
        match self {
            Self::Sound(_) => FileKind::Sound,
            Self::Picture(_) => FileKind::Picture,
        }
    }

    /// The shape (channels, bins, frames) of every map: of a picture (channels, height, width).
    pub fn shape(&self) -> [usize; 3] {
        match self {
            Self::Sound(sound) => sound.shape(),
            Self::Picture(picture) => picture.shape(),
        }
    }

    /// A text that differs whenever the results could.
    pub fn identity(&self) -> &str {
        match self {
            Self::Sound(sound) => sound.identity(),
            Self::Picture(picture) => picture.identity(),
        }
    }

    /// The maps that a file trains and is scored with, (chunks, channels, bins, frames): of a sound
    /// its [chunks](SoundFrontEnd::chunks), of a picture one or its windows.
    ///
    /// # Errors
    /// Naming the file, if it cannot be read or used.
    pub fn maps(&self, path: impl AsRef<Path>) -> Result<Array4<f32>> {
        self.of_file(path, SoundFrontEnd::chunks, |picture, map| {
            Ok(picture.chunks(map))
        })
    }

    /// The [maps](Self::maps) of a file and its fingerprint, for which it is read once.
    ///
    /// # Errors
    /// As [`maps`](Self::maps).
    pub fn maps_and_fingerprint(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<(Array4<f32>, Fingerprint)> {
        self.of_file(
            path,
            |sound, wave| Ok((sound.chunks(wave)?, sound.fingerprint(wave)?)),
            |picture, map| Ok((picture.chunks(map), of_picture(map)?)),
        )
    }

    /// What is made of a file, which is read once.
    fn of_file<T>(
        &self,
        path: impl AsRef<Path>,
        of_sound: impl FnOnce(&SoundFrontEnd, &Waveform) -> Result<T>,
        of_picture: impl FnOnce(&PictureFrontEnd, &FeatureMap) -> Result<T>,
    ) -> Result<T> {
        match self {
            Self::Sound(sound) => of_sound(sound, &sound.load(path)?),
            Self::Picture(picture) => of_picture(picture, &picture.map(path)?),
        }
    }

    /// A text that differs whenever fingerprints could.
    pub(crate) fn fingerprint_identity(&self) -> String {
        match self {
            Self::Sound(sound) => format!("fingerprint 1 at {}", sound.rate()),
            // What is cut out differs, and so does what it is known by.
            Self::Picture(picture) => format!("fingerprint 1 of {}", picture.identity()),
        }
    }

    /// The fingerprint of a file.
    ///
    /// # Errors
    /// As [`maps`](Self::maps).
    pub fn fingerprint(&self, path: impl AsRef<Path>) -> Result<Fingerprint> {
        self.of_file(path, SoundFrontEnd::fingerprint, |_, map| of_picture(map))
    }

    /// The front end for sounds.
    ///
    /// # Errors
    /// [`Error::Config`] if it is one for pictures.
    pub fn sound(&self) -> Result<&SoundFrontEnd> {
        match self {
            Self::Sound(sound) => Ok(sound),
            Self::Picture(_) => {
                let reason = "is for pictures, and this is about sound";
                Err(Error::config("front_end", "type", reason))
            }
        }
    }

    /// Plans an augmentation of these files for the classes `labels`.
    ///
    /// # Errors
    /// As [`PolicySpec::build`].
    pub fn policy(&self, spec: &PolicySpec, labels: &[String]) -> Result<Policy> {
        let rate = match self {
            Self::Sound(sound) => sound.rate(),
            // Nothing of a policy for pictures depends on it.
            Self::Picture(_) => SampleRate::HZ_22050,
        };
        spec.build(labels, rate)
    }

    /// The same front end, which for a prediction begins a chunk every so many seconds: closer
    /// together than chunks are long, they hear a sound more than once, and their mean is steadier.
    ///
    /// # Errors
    /// [`Error::Config`] if it is for pictures, or if `seconds` is not at least 1 ms or longer than a
    /// chunk, which would leave sound unheard.
    pub fn with_hop(self, seconds: f64) -> Result<Self> {
        match self {
            Self::Sound(sound) => {
                let rate = sound.rate();
                let chunk = rate.seconds(sound.chunk_size());
                if !(0.001..=chunk).contains(&seconds) {
                    let reason = format!("must be 0.001 to {chunk} s, got {seconds}");
                    return Err(Error::config("prediction", "hop", reason));
                }
                Ok(Self::Sound(sound.with_hop(rate.samples(seconds))))
            }
            Self::Picture(_) => {
                let reason = "is for sounds; the model's chunks of a picture are its own";
                Err(Error::config("prediction", "hop", reason))
            }
        }
    }

    /// The same front end, taking in sounds of up to `seconds`.
    #[must_use]
    pub fn with_max_seconds(self, seconds: f64) -> Self {
        match self {
            Self::Sound(sound) => Self::Sound(sound.with_max_seconds(seconds)),
            picture => picture,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_end_without_a_type_is_for_sounds_and_stays_without() {
        let text = r#"{"features":{"type":"five_channel"}}"#;
        let spec: FrontEndSpec = serde_json::from_str(text).unwrap();
        assert!(spec.rate().is_some());
        let written = serde_json::to_string(&spec).unwrap();
        assert!(written.starts_with(r#"{"rate":22050,"#), "{written}");
        assert_eq!(
            serde_json::from_str::<FrontEndSpec>(&written).unwrap(),
            spec
        );
    }

    #[test]
    fn pictures_are_named_and_come_back() {
        let text = r#"{"type":"picture","size":[224,224],"shorter":256}"#;
        let spec: FrontEndSpec = serde_json::from_str(text).unwrap();
        let written = serde_json::to_string(&spec).unwrap();
        assert!(written.contains(r#""type":"picture""#), "{written}");
        assert_eq!(
            serde_json::from_str::<FrontEndSpec>(&written).unwrap(),
            spec
        );
        for (text, part) in [
            (r#"{"type":"film"}"#, "`film`"),
            (r#"{"type":"picture","size":[8,8],"rate":22050}"#, "rate"),
            (r#"{"type":"sound"}"#, "features"),
            ("3", "table"),
        ] {
            let error = serde_json::from_str::<FrontEndSpec>(text).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
